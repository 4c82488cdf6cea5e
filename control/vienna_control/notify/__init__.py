"""Channels: events of committed units, delivered to Slack, Teams, e-mail, PagerDuty, webhooks and people's devices."""
