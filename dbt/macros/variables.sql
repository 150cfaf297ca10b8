{#- Stops a run whose variables make no sense, before anything is written; each message says what the variable may be. -#}
{% macro check_variables() %}
    {% if execute %}
        {% set window = var('attribution_window_days') %}
        {% if window is not number or window is boolean or window < 0 %}
            {% do exceptions.raise_compiler_error('attribution_window_days must be a number of days, 0 or more; it is ' ~ window) %}
        {% endif %}
        {% set half_life = var('time_decay_half_life_days') %}
        {% if half_life is not number or half_life is boolean or half_life <= 0 %}
            {% do exceptions.raise_compiler_error('time_decay_half_life_days must be a number of days above 0; it is ' ~ half_life) %}
        {% endif %}
        {% do check_list('touchpoint_event_types', ['page_view', 'purchase']) %}
        {% do check_list('multi_touch_models', ['linear', 'time_decay', 'position_based']) %}
    {% endif %}
{% endmacro %}


{% macro check_list(name, allowed) %}
    {% set values = var(name) %}
    {% if values is string or values is not iterable %}
        {% do exceptions.raise_compiler_error(name ~ ' must be a list; it is ' ~ values) %}
    {% endif %}
    {% for value in values %}
        {% if value not in allowed %}
            {% do exceptions.raise_compiler_error(name ~ ' may hold ' ~ (allowed | join(', ')) ~ '; it holds ' ~ value) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
