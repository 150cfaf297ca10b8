-- A test of the macros alone, shown as a check of the model that uses them: {{ ref('stg_event_records') }}
-- Null, empty and whatever looks like a part of the encoding have ids of their own (section 3): no two rows share one.
with

pairs as (

    select
        pairs.left_field,
        pairs.right_field
    from (
        values
        (null, null), ('', null), (null, ''), ('', ''), ('null', null), ('NULL', null), (' ', null), ('a', 'b'),
        ('a,b', null), (null, 'a,b'), ('a,', 'b'), ('a', ',b'), (',', null), (null, ','), ('"', null), ('""', null),
        ('"a"', 'b'), ('"a","b"', null), ('\', null), ('\\', null), ('a\', 'b'), ('(', ')'), (')', '('), ('()', null),
        ('(,)', null), ('A', 'b'), ('a', 'B'), ('ab', null), (null, 'ab'), ('é', null), (E'e\u0301', null),
        (E'a\n', null), (E'a\t', null), ('a ', null)
    ) as pairs (left_field, right_field)

),

hashed as (

    select
        left_field,
        right_field,
        {{ event_id(['left_field', 'right_field']) }} as event_id
    from pairs

)

select
    event_id,
    count(*) as occurrences
from hashed
group by event_id
having count(*) > 1
