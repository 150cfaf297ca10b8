{#-
    A hash of the thirteen cleaned columns. A composite's text form quotes what needs it and tells null from empty, so no separator
    can be forged; the time goes in as microseconds, so no session setting shows in it. 128 bits of SHA-256.
-#}
{% macro event_id(columns) -%}
left(encode(sha256(convert_to(row({{ columns | join(', ') }})::text, 'UTF8')), 'hex'), 32)::uuid
{%- endmacro %}


{#- Microseconds since 1970-01-01, exact. -#}
{% macro epoch_microseconds(timestamp) -%}
(extract(epoch from {{ timestamp }}) * 1000000)::bigint
{%- endmacro %}
