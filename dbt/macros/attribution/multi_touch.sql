{#- The multi-touch models asked for, as a query with one row a model; no row when there are none. -#}
{% macro multi_touch_models() -%}
select names.model
from (values {% for model in var('multi_touch_models') or ['none'] %}({{ sql_string(model) }}){{ ', ' if not loop.last }}{% endfor %}) as names (model)
{%- if not var('multi_touch_models') %}
where false
{%- endif -%}
{%- endmacro %}


{#-
    A touch's weight before normalisation, as numeric (attribution rules, section 6). linear: 1. position_based: first and last 40 %, the
    20 % between them spread over the others, in whole numbers: 2 (n - 2) : 1 : 2 (n - 2); two touches 1 : 1, one 1.
    time_decay: 2^(-t / half-life), t counted from the latest valid touch, with 40 decimals, since double precision is not enough
    for large revenues; ln 2 is written out, and an exponent below -200 is 0 at any precision that matters.
-#}
{% macro touch_weight(model) -%}
{%- set half_life_microseconds = "(" ~ var('time_decay_half_life_days') ~ "::numeric * 86400000000)" -%}
case {{ model }}
    when 'linear' then 1::numeric
    when 'position_based'
        then
            case
                when touch_count <= 2 then 1::numeric
                when touch_position in (1, touch_count) then 2 * (touch_count - 2)::numeric
                else 1::numeric
            end
    when 'time_decay'
        then
            exp(
                -least(
                    round(
                        microseconds_before_latest * 0.69314718055994530941723212145817656807550013436 / {{ half_life_microseconds }},
                        40
                    ),
                    200
                )
            )
end
{%- endmacro %}
