-- A malformed record has its bytes and no fields, any other one its fields and no bytes (attribution rules, section 3).
select
    source_file,
    record_number,
    rejection_reason
from {{ ref('rejected_records') }}
where
    (raw_record is not null) != (rejection_reason = 'malformed_record')
    or (raw_fields is null) != (rejection_reason = 'malformed_record')
