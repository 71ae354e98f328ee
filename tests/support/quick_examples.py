"""A pytest plugin of `make mutants`: property tests that judge thousands of mutants.

Whoever looks for a mutant needs to know *that* an example fails, not the smallest one; and the same
mutant is to get the same verdict each time. So nothing is shrunk, remembered or left to chance.
"""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutants",
    phases=(Phase.explicit, Phase.generate),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
