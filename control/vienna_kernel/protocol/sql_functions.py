"""Functions that read nothing but their arguments and change nothing, by name; any other makes a statement unknown.

1. Where everyone can define functions that are called by a bare name and do anything (PostgreSQL and its like), the
   names are told one by one.
2. Where those have names of their own, run in a box, or come from the server's operator (ClickHouse, BigQuery,
   Snowflake, Databricks), families of names will do.
3. Absent on purpose, since they reach files, networks, other sessions or models, run SQL from a text, or wait:
   ``file url remote dictGet joinGet sleep getSetting``, ``dblink lo_import pg_read_file pg_sleep set_config
   query_to_xml nextval pg_notify``, ``EXTERNAL_QUERY ML.* AI.*``, ``SYSTEM$*``, ``reflect java_method http_request``.
"""

from __future__ import annotations

import re

from vienna_kernel.protocol.sql_text import Dialect

_ONE_BY_ONE = frozenset(
    # text
    "ascii bit_length btrim ceil char_length character_length chr concat concat_ws convert_from "
    "convert_to decode encode format initcap instr left length lower lpad ltrim md5 normalize "
    "octet_length overlay position printf quote_ident quote_literal quote_nullable regexp_count "
    "regexp_extract regexp_instr regexp_like regexp_match regexp_matches regexp_replace "
    "regexp_split_to_array regexp_split_to_table regexp_substr repeat replace reverse right rpad rtrim "
    "sha224 sha256 sha384 sha512 sha1 sha2 split_part starts_with ends_with string_to_array "
    "string_to_table strpos substr substring substring_index to_ascii to_hex translate trim unistr "
    "upper unaccent similarity word_similarity levenshtein soundex metaphone hex unhex to_base64 "
    "from_base64 glob quote char unicode crypt digest hmac "
    # numbers
    "abs acos acosh asin asinh atan atan2 atanh cbrt ceiling cos cosh cot degrees div erf exp factorial "
    "floor gcd lcm ln log log10 log2 min_scale mod pi pow power radians round scale sign sin sinh sqrt "
    "tan tanh trim_scale trunc truncate width_bucket random rand setseed greatest least coalesce nullif "
    "ifnull nvl iif if isnull num_nonnulls num_nulls total typeof pg_typeof gen_random_uuid uuid "
    "uuid_generate_v4 uuidv4 uuidv7 randomblob zeroblob "
    # time
    "age clock_timestamp current_date current_time current_timestamp curdate curtime date date_add "
    "date_bin date_diff date_format date_part date_sub date_trunc datediff datetime day dayname "
    "dayofmonth dayofweek dayofyear extract from_unixtime hour isfinite julianday justify_days "
    "justify_hours justify_interval last_day localtime localtimestamp make_date make_interval make_time "
    "make_timestamp make_timestamptz minute month monthname now quarter second statement_timestamp "
    "str_to_date strftime time timediff timeofday timestamp timestampadd timestampdiff to_char to_date "
    "to_number to_timestamp transaction_timestamp unix_timestamp unixepoch utc_timestamp week weekday "
    "year year_month "
    # aggregates and windows
    "any_value approx_count_distinct approx_distinct approx_percentile array_agg avg bit_and bit_or "
    "bit_xor bool_and bool_or corr count count_if covar_pop covar_samp cume_dist dense_rank every "
    "first_value group_concat grouping json_agg json_arrayagg json_group_array json_group_object "
    "json_object_agg json_objectagg jsonb_agg jsonb_object_agg lag last_value lead max max_by median min "
    "min_by mode nth_value ntile percent_rank percentile_cont percentile_disc range_agg rank regr_slope "
    "regr_intercept regr_r2 row_number std stddev stddev_pop stddev_samp string_agg sum var_pop var_samp "
    "variance xmlagg "
    # arrays, JSON, ranges, search, geometry
    "array array_append array_cat array_dims array_fill array_length array_lower array_ndims "
    "array_position array_positions array_prepend array_remove array_replace array_to_json "
    "array_to_string array_upper cardinality generate_series generate_subscripts unnest trim_array json "
    "json_array json_array_elements json_array_elements_text json_array_length json_build_array "
    "json_build_object json_each json_each_text json_extract json_extract_path json_extract_path_text "
    "json_keys json_length json_object json_object_keys json_populate_record json_populate_recordset "
    "json_quote json_strip_nulls json_to_record json_to_recordset json_tree json_type json_typeof "
    "json_unquote json_valid json_value json_contains json_search json_scalar json_table jsonb "
    "jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array "
    "jsonb_build_object jsonb_each jsonb_each_text jsonb_extract_path jsonb_extract_path_text "
    "jsonb_insert jsonb_object jsonb_object_keys jsonb_path_exists jsonb_path_match jsonb_path_query "
    "jsonb_path_query_array jsonb_path_query_first jsonb_pretty jsonb_set jsonb_set_lax "
    "jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb "
    "isempty lower_inc lower_inf upper_inc upper_inf range_merge numrange int4range int8range daterange "
    "tsrange tstzrange plainto_tsquery phraseto_tsquery websearch_to_tsquery to_tsquery to_tsvector "
    "ts_headline ts_rank ts_rank_cd tsvector_to_array setweight numnode querytree cosine_distance "
    "l1_distance l2_distance inner_product vector_dims vector_norm st_area st_asgeojson st_astext "
    "st_buffer st_centroid st_contains st_distance st_dwithin st_geomfromtext st_intersects "
    "st_intersection st_length st_makeenvelope st_makepoint st_point st_setsrid st_transform st_within "
    "st_x st_y "
    # what the server is, and how large things are
    "col_description current_catalog current_database current_role current_schema current_schemas "
    "current_setting current_user format_type has_column_privilege has_schema_privilege "
    "has_table_privilege obj_description pg_column_size pg_database_size pg_get_constraintdef "
    "pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_serial_sequence pg_get_viewdef "
    "pg_indexes_size pg_relation_size pg_size_pretty pg_table_is_visible pg_table_size "
    "pg_total_relation_size session_user sqlite_version to_regclass to_regtype user version "
    # what the grammar makes of plain syntax
    "case cast convert try_cast exists and or xor not in distinct filter lambda map struct row".split()
)

_FAMILIES = re.compile(
    r"(?:"
    # text, hashes, patterns, addresses in texts
    r"(?:base|trybase|try_base)(?:32|58|64)\w*|bin|unbin|bitmap\w*|bit\w*|char\w*|coll\w*|concat\w*|contains\w*|convert\w*|"
    r"count\w*|crc\w*|cut(?:url\w*|tofirst\w*|www|fragment|query\w*|ipv6)|decode(?:url\w*|xml\w*|html\w*)?|"
    r"encode(?:url\w*|xml\w*)?|domain\w*|editdistance|empty|notempty|ends_?with\w*|extract\w*|format\w*|fragment|"
    r"(?:farm|city|sip|xx|metro|murmur|int|java|hive|wy|half|keccak|blake)\w*hash\w*|farm_fingerprint|halfmd5|xxhash64|"
    r"hash(?:_agg)?|hex\w*|unhex\w*|ilike|initcap\w*|instr|jaro\w*|leftpad\w*|len|length\w*|levenshtein\w*|like|"
    r"notlike|notilike|lower\w*|lpad|rpad|ltrim|rtrim|match|md[45]|multi(?:if|search\w+|match\w+|fuzzymatch\w+)|ngram\w*|"
    r"normalize\w*|path|pathfull|port|position\w*|protocol|querystring\w*|regexp\w*|repeat|replace\w*|reverse\w*|"
    r"rightpad\w*|sha[0-9]\w*|soundex\w*|split\w*|starts_?with\w*|str_?to_?map|string\w*|substr\w*|to[a-z]?pleveldomain|"
    r"topleveldomain\w*|tokens|trim\w*|translate\w*|upper\w*|ipv[46]\w*|isipv[46]\w*|"
    # numbers and conditions
    r"abs|a?cosh?|a?sinh?|a?tan[2h]?|cbrt|ceil\w*|clamp|div\w*|intdiv\w*|equal\w*|equals|notequals|erfc?|exp\w*|factorial|"
    r"floor|gcd|lcm|greater\w*|greatest\w*|less\w*|least\w*|if\w*|assumenotnull|coalesce\w*|nullif\w*|zeroifnull|ln|"
    r"log[0-9a-z_]*|minus|modulo\w*|multiply\w*|negate|plus|pow\w*|rand\w*|uniform|normal|round\w*|safe_\w+|sign|sqrt|"
    r"trunc\w*|width_?bucket|generateuuid\w*|generateulid|generatesnowflakeid\w*|uuid_?\w*|transform|"
    r"is_?[a-z]\w*|identity|materialize|ignore|cast|accuratecast\w*|reinterpret\w*|"
    r"try_(?:add|subtract|multiply|divide|mod|sum|avg|cast|element_at|to_\w+|parse_\w+|base64\w*|hex\w*|url_decode)|"
    # time
    r"add(?:seconds|minutes|hours|days|weeks|months|quarters|years|date|interval|_months)\w*|subtract\w*|age|current\w*|"
    r"date\w*|day\w*|from_?unix\w*|fromutc\w*|hour\w*|last_day|make_\w+|minute\w*|month\w*|next_day|now\w*|quarter\w*|"
    r"second\w*|time\w*|today|tomorrow|yesterday|tumble\w*|hop\w*|unix_\w+|utc\w*|week\w*|year\w*|parse\w*|"
    r"to[A-Z_]\w*|to[a-z]+|from_\w+|"
    # aggregates and windows
    r"any\w*|approx\w*|arg(?:min|max)\w*|avg\w*|bool\w*|boundingratio|collect_\w+|corr\w*|covar\w*|deltasum\w*|dense_rank|"
    r"entropy\w*|every|first\w*|group(?:array|uniq|bit|concat|ing)\w*|histogram|kurt\w*|lag\w*|last\w*|lead\w*|listagg|"
    r"max\w*|median\w*|min\w*|mode|nth_value|ntile|percent\w*|quantile\w*|rank|ratio_to_report|regr_\w+|retention|"
    r"row_?number\w*|running\w*|sequence\w*|skew\w*|some|stddev\w*|sum\w*|top[A-Zk]\w*|uniq\w*|var(?:iance|_|pop|samp)\w*|"
    r"windowfunnel|finalizeaggregation|count_?if|logical_\w+|"
    # arrays, maps, JSON, tuples, geometry, vectors
    r"aggregate|array\w*|cardinality|element_at|explode\w*|posexplode\w*|filter|flatten|get|get_path|get_json_object|"
    r"generate_(?:array|date_array|timestamp_array|series|uuid)|has\w*|inline\w*|json\w*|simplejson\w*|visitparam\w*|"
    r"keys|lax_\w+|length|map\w*|named_struct|object_\w+|as_\w+|range\w*|reduce|schema_of_\w+|sequence|shuffle|size|"
    r"slice|sort_array|struct\w*|tuple\w*|untuple|unnest|values|variant_\w+|xpath\w*|zip_with|"
    r"st_\w+|h3\w*|s2\w+|geo(?:hash|distance|tohash|_)\w*|great(?:circle)\w*|pointin\w*|polygon\w*|"
    r"l[12p]norm|l[12p]distance|linfnorm|linfdistance|cosinedistance|dotproduct|vector_\w*(?:similarity|distance)|"
    # what the server is
    r"version|timezone\w*|hostname|uptime|blocknumber|rownumberin\w+|session_user|user"
    r")\Z",
    re.IGNORECASE,
)

_BY_FAMILY = frozenset({"clickhouse", "bigquery", "snowflake", "databricks", "spark"})

TABLES = frozenset(
    "numbers numbers_mt zeros zeros_mt generate_series generateseries generaterandom values unnest "
    "explode flatten range exploding_generate_series json_each json_each_text json_tree json_array_elements "
    "json_array_elements_text jsonb_each jsonb_each_text jsonb_array_elements jsonb_array_elements_text "
    "jsonb_to_recordset json_to_recordset json_object_keys jsonb_object_keys regexp_matches "
    "regexp_split_to_table string_to_table generator split_to_table".split()
)
"""Functions that stand for a table and make it out of their arguments alone."""

DENIED = frozenset(
    "aiagg aiclassify aiembed aiforecast aigenerate aisimilarity aisummarizeagg featuresattime "
    "generatebool generatedouble generateembedding generateint generatetable generatetext mlforecast "
    "mltranslate predict vectorsearch  nextvaluefor readcsv readparquet tofile secret dynamicidentifier "
    "columns objectid".split()
)
"""Keys of nodes that sqlglot knows for functions that are not plain."""


def is_plain(name: str, dialect: Dialect) -> bool:
    """Whether a function, called by its bare name, only makes a value out of its arguments."""
    if dialect.grammar in _BY_FAMILY:
        return _FAMILIES.match(name) is not None
    return name.lower() in _ONE_BY_ONE


def may_be_own(name: str, dialect: Dialect) -> bool:
    """Whether someone could have defined a function of this name, though sqlglot knows it from other dialects."""
    return dialect.grammar not in _BY_FAMILY and name.lower() not in _ONE_BY_ONE
