"""What must hold whatever fails: the model, its schedules against the real chassis, and kills."""
