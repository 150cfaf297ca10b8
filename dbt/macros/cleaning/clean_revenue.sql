{#-
    A trimmed text as numeric rounded half away from zero to four decimals, null where it is malformed or its magnitude reaches
    10^14 (attribution rules, section 2). Only as many digits are cast as can matter, so digits of any length make no query fail:
    fourteen before the point (leading zeros do not count), five after it, of which the fifth decides the rounding.
-#}
{% macro clean_revenue(text) -%}
{%- set whole = "ltrim(split_part(" ~ text ~ ", '.', 1), '+-0')" -%}
{%- set digits = "'0' || " ~ whole ~ " || '.' || left(split_part(" ~ text ~ ", '.', 2) || '0', 5)" -%}
case
    when {{ text }} ~ '^[+-]?[0-9]+(\.[0-9]+)?$' and length({{ whole }}) <= 14
        then
            case
                when round(({{ digits }})::numeric, 4) >= 100000000000000 then null
                when left({{ text }}, 1) = '-' then -round(({{ digits }})::numeric, 4)
                else round(({{ digits }})::numeric, 4)
            end
end
{%- endmacro %}
