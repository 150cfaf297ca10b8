"""Asset checks for what SQL tests cannot say."""
