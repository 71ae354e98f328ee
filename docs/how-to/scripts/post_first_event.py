"""Tell a node that somebody was met: the event, then who it is, then the answer.

Needs nothing but Python. Set NODE, DOOR (the gateway's address) and TOKEN (the agency-system's).
"""

import json
import os
import sys
import urllib.request
import uuid
from datetime import UTC, datetime

NODE, DOOR, TOKEN = os.environ["NODE"], os.environ["DOOR"], os.environ["TOKEN"]


def call(method: str, path: str, body: object, content_type: str = "application/json") -> bytes:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": content_type,
        "Prefer": "wait=10",
    }
    request = urllib.request.Request(  # noqa: S310 - the door is http or https
        DOOR + path, json.dumps(body).encode(), headers, method=method
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return bytes(answer.read())


case_id = str(uuid.uuid4())  # noqa: TID251 - the agency's own system makes ids
event = {
    "specversion": "1.0",
    "id": str(uuid.uuid4()),  # noqa: TID251 - keep it: the same id again is the same event
    "source": f"urn:nrm:{NODE}:registration-desk",
    "type": "org.nrm.intake.person-detected.v1",
    "time": datetime.now(UTC).isoformat(),  # noqa: TID251 - outside the services
    "subject": case_id,
    "dataschema": "urn:nrm:schema:org.nrm.intake.person-detected.v1.0",
    "data": {
        "detecting_agency": NODE,
        "case_type": "trafficking",
        "majority": "adult",
        "immediate_danger": False,
    },
}
answer = call("POST", "/v1/intake", event, "application/cloudevents+json")
call("PUT", f"/v1/persons/{case_id}", {"names": [{"full": "Invented Person"}]})
sys.stdout.write(answer.decode() + "\n")
