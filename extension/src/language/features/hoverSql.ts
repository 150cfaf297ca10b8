import type { Span } from '../analysis/types';
import type { Told } from './hoverParts';
import type { PlaceRequest } from './request';
export function hoverSql(_request: PlaceRequest, _modelAt: (name: string, span: Span) => Told | undefined): Told | undefined { return undefined; }
