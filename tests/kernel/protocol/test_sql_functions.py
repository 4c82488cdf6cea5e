"""Functions that only make a value out of their arguments."""

from __future__ import annotations

import pytest

from vienna_kernel.protocol.sql_functions import is_plain, may_be_own
from vienna_kernel.protocol.sql_text import DIALECTS

HARMFUL = (
    "file url remote remotesecure s3 hdfs jdbc odbc mysql postgresql executable input dictget joinget sleep "
    "sleepeachrow throwif getsetting evalmlmethod catboostevaluate addresstoline demangle "
    "external_query system reflect java_method try_reflect http_request remote_query read_files ai_query secret "
    "pg_sleep pg_read_file lo_import lo_export dblink dblink_exec set_config pg_terminate_backend query_to_xml nextval "
    "setval pg_notify pg_advisory_lock ts_stat crosstab load_file load_extension readfile writefile benchmark get_lock "
    "sys_exec getenv read_csv"
).split()


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
@pytest.mark.parametrize("name", HARMFUL)
def test_what_reaches_out_is_never_plain(dialect: str, name: str) -> None:
    assert not is_plain(name, DIALECTS[dialect])
    assert not is_plain(name.upper(), DIALECTS[dialect])


@pytest.mark.parametrize(
    ("dialect", "names"),
    [
        (
            "clickhouse",
            "toDate now toStartOfMonth arrayMap JSONExtractString uniqExact groupArray sumIf dateDiff cutURLParameter",
        ),
        (
            "bigquery",
            "TIMESTAMP_TRUNC ARRAY_AGG FORMAT_DATE JSON_VALUE SAFE_DIVIDE APPROX_QUANTILES ST_DISTANCE",
        ),
        ("snowflake", "TO_VARIANT OBJECT_CONSTRUCT ARRAY_AGG TRY_TO_NUMBER DATE_TRUNC PARSE_JSON"),
        ("databricks", "from_json collect_list date_format explode try_add map_keys"),
        ("postgres", "jsonb_build_object to_char date_trunc string_agg coalesce generate_series lower"),
    ],
)
def test_what_everyone_uses_is_plain(dialect: str, names: str) -> None:
    assert [name for name in names.split() if not is_plain(name, DIALECTS[dialect])] == []


def test_where_anyone_defines_functions_by_bare_name_a_foreign_name_may_be_theirs() -> None:
    assert may_be_own("len", DIALECTS["postgres"])
    assert not may_be_own("length", DIALECTS["postgres"])
    assert not may_be_own("len", DIALECTS["bigquery"])
