{#- Trimmed of spaces, tabs, CR and LF; an empty field is null (attribution rules, section 2). -#}
{% macro clean_text(field) -%}
nullif(btrim({{ field }}, E' \t\r\n'), '')
{%- endmacro %}


{#- clean_text in lower case, ASCII letters only: the C collation folds no others. -#}
{% macro clean_lower(field) -%}
lower({{ clean_text(field) }} collate "C")
{%- endmacro %}


{#- Lower case, each run of spaces and hyphens one underscore, none at either end; nothing left is null. -#}
{% macro clean_channel(field) -%}
nullif(btrim(regexp_replace({{ clean_lower(field) }}, '[ -]+', '_', 'g'), '_'), '')
{%- endmacro %}
