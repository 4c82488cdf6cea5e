"""Consent by people: ``requirements``, ``voter``, ``moves`` (who may, when it is enough), ``deadline``, ``group`` and
``rota`` (whom to ask), ``delegation`` (in whose place), ``standing`` (given in advance)."""
