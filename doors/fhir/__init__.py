"""FHIR R4 (HL7) as a door: referrals as ServiceRequest and Task, without anybody's identity."""
