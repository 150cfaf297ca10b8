{#-
    A trimmed text as timestamp in UTC, null where it is malformed (attribution rules, section 2).
    The pattern admits only what the cast accepts, so that no field makes the query fail; 1969 and 2101 are let in
    because a zone may move them into 1970-2100, which is checked after the conversion.
-#}
{% macro clean_event_time(text) -%}
{%- set year = '(1969|19[7-9][0-9]|20[0-9]{2}|210[01])' -%}
{%- set date = year ~ '-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])' -%}
{%- set time = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?' -%}
{%- set zone = '( ?([Zz]|[+-](0[0-9]|1[0-3])(:?[0-5][0-9])?|[+-]14(:?00)?))?' -%}
case
    when {{ text }} ~ '^{{ date }}[ Tt]{{ time }}{{ zone }}$'
        then
            case
                when {{ is_real_day(text) }}
                    then (
                        case
                            when right({{ text }}, 1) in ('Z', 'z') then left({{ text }}, -1) || '+00'
                            when substr({{ text }}, 17) ~ '[+-]' then {{ text }}
                            else {{ text }} || '+00'
                        end
                    )::timestamptz at time zone 'UTC'
            end
end
{%- endmacro %}


{#- A trimmed text as date, null where it is no real date YYYY-MM-DD in 1970-2100. -#}
{% macro clean_date(text) -%}
case
    when {{ text }} ~ '^(19[7-9][0-9]|20[0-9]{2}|2100)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
        then case when {{ is_real_day(text) }} then ({{ text }})::date end
end
{%- endmacro %}


{#- Whether the day of a text that begins YYYY-MM-DD exists in its month. -#}
{% macro is_real_day(text) -%}
case
    when substr({{ text }}, 9, 2) <= '28' then true
    when substr({{ text }}, 6, 2) = '02'
        then
            substr({{ text }}, 9, 2) = '29'
            and substr({{ text }}, 1, 4)::int % 4 = 0
            and (substr({{ text }}, 1, 4)::int % 100 != 0 or substr({{ text }}, 1, 4)::int % 400 = 0)
    when substr({{ text }}, 6, 2) in ('04', '06', '09', '11') then substr({{ text }}, 9, 2) <= '30'
    else true
end
{%- endmacro %}
