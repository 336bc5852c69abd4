/** The thing under the pointer and the selected one, brought out above the drawing. */
import type { SelectedItem } from '../../stores/selection.ts';
import { drawArrowMark, drawBoxMark, spanBox } from './draw-overlay.ts';
import type { Hit } from './hit.ts';
import { drawMark } from './lane-marks.ts';
import { FAULT_ROWS_MAX, SPAN_ROW_PX } from './layout.ts';
import type { TimelinePicture } from './paint.ts';
import type { Palette } from './palette.ts';
import { placeOperations } from './clients.ts';
import { electionEndNs, findElection, findFault } from './spans.ts';

/** The selected thing, where the drawing shows it. */
export function selectedHit(picture: TimelinePicture, item: SelectedItem | null): Hit | undefined {
  const { data } = picture;
  if (!item || !data) return undefined;
  if (item.kind === 'message') {
    const arrow = picture.arrows.find(({ row }) => row.id === item.id);
    return arrow && { kind: 'message', message: arrow.row, arrow };
  }
  if (item.kind === 'event') {
    const placed = picture.marks.find(({ mark: { id } }) => id === item.id);
    return placed && { kind: 'mark', placed };
  }
  if (item.kind === 'election') {
    const election = findElection(data.elections, item.id);
    return election && { kind: 'election', election };
  }
  if (item.kind === 'fault') {
    const fault = findFault(data.faults, item.id);
    return fault && { kind: 'fault', fault };
  }
  if (item.kind === 'operation') {
    const operation = data.operations?.find(({ id }) => id === item.id);
    return operation && { kind: 'operation', operation };
  }
  return undefined;
}

export function drawMarked(
  context: CanvasRenderingContext2D,
  picture: TimelinePicture,
  hit: Hit,
  selected: boolean,
  palette: Palette,
): void {
  const { layout, axis } = picture;
  if (hit.kind === 'message') {
    drawArrowMark(context, hit.arrow, selected, palette);
  } else if (hit.kind === 'mark') {
    const { mark, x, y } = hit.placed;
    drawMark(context, mark.kind, x, y, selected ? 8 : 7, palette);
  } else if (hit.kind === 'election') {
    const { startedNs } = hit.election;
    const box = spanBox(axis, startedNs, electionEndNs(hit.election), layout.electionsPx);
    drawBoxMark(context, box, selected, palette);
  } else if (hit.kind === 'fault') {
    const row = picture.faults.find(({ item }) => item === hit.fault)?.row ?? 0;
    const y = layout.faultsPx + Math.min(row, FAULT_ROWS_MAX - 1, layout.faultRows - 1) * SPAN_ROW_PX;
    const box = spanBox(axis, hit.fault.fromNs, hit.fault.toNs ?? Infinity, y);
    drawBoxMark(context, box, selected, palette);
  } else if (hit.kind === 'operation') {
    const placed = placeOperations(picture.data?.operations ?? [], layout, axis);
    const box = placed.find(({ row }) => row.id === hit.operation.id);
    if (box) drawBoxMark(context, box, selected, palette);
  }
}
