// Helps where there is a script; every page works without. It sends nothing and keeps nothing.
"use strict";
(function () {
  var away = document.getElementById("leave");
  function leave() {
    document.documentElement.hidden = true;
    window.location.replace("/leave");
  }
  if (away) {
    away.addEventListener("click", function (event) { event.preventDefault(); leave(); });
  }
  var presses = [];
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") { presses = []; return; }
    presses = presses.concat(event.timeStamp).slice(-3);
    if (presses.length === 3 && presses[2] - presses[0] < 2000) { leave(); }
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) { window.location.reload(); }
  });
  var wrong = document.getElementById("objections");
  if (wrong) { wrong.focus(); }
  document.addEventListener("submit", function (event) {
    var button = event.target.querySelector("button.button");
    if (button) { window.setTimeout(function () { button.disabled = true; }, 0); }
  });
}());
