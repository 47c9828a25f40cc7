"""What the tests share: the emulator, fresh worlds, the real Airflow stack."""
