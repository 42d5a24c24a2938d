import { describe, expect, test } from 'vitest';
import { isOutside } from '../src/player/dom';
import { qualityName } from '../src/player/engine';
import { commandOf } from '../src/player/keyboard';
import { messageFor } from '../src/player/message';
import { Progress } from '../src/player/progress';

const quality = (id: number, width: number, height: number, frameRate = 30, bitrate = 4_000_000) => ({
  id,
  width,
  height,
  frameRate,
  bitrate,
});

describe('the name of a quality', () => {
  test('is its height', () => expect(qualityName(quality(0, 1920, 1080), [], 'Audio only')).toBe('1080p'));
  test('includes high frame rates', () => expect(qualityName(quality(0, 1920, 1080, 59.94), [], 'Audio only')).toBe('1080p60'));
  test('of portrait video is its width', () => expect(qualityName(quality(0, 1080, 1920), [], 'Audio only')).toBe('1080p'));
  test('without video is audio only', () => expect(qualityName(quality(0, 0, 0), [], 'Audio only')).toBe('Audio only'));
  test('includes the bitrate of equal resolutions', () => {
    const twins = [quality(0, 1280, 720, 30, 3_500_000), quality(1, 1280, 720, 30, 900_000)];
    expect(twins.map((one) => qualityName(one, twins, 'Audio only'))).toEqual(['720p · 3.5 Mbit/s', '720p · 900 kbit/s']);
  });
});

describe('keys', () => {
  test.each([
    [' ', 'toggle'],
    ['k', 'toggle'],
    ['m', 'mute'],
    ['f', 'fullscreen'],
    ['j', 'farBack'],
    ['L', 'farForward'],
    ['ArrowLeft', 'back'],
    ['ArrowRight', 'forward'],
    ['Home', 'start'],
    ['End', 'end'],
    ['c', 'captions'],
    ['>', 'faster'],
    ['<', 'slower'],
    ['ArrowUp', 'louder'],
    ['ArrowDown', 'quieter'],
    ['x', null],
  ])('%j', (key, command) => {
    expect(commandOf(key, false, 'nothing')).toBe(command);
  });
  test('space activates the focused button', () => expect(commandOf(' ', false, 'button')).toBeNull());
  test('browser shortcuts keep working', () => expect(commandOf('f', true, 'nothing')).toBeNull());
  test('a slider keeps its arrow keys', () => expect(commandOf('ArrowUp', false, 'field')).toBeNull());
});

describe('the message on the stage', () => {
  test('reports an unknown channel without asking to wait', () => {
    expect(messageFor({ state: 'offline', reason: 'unknown' }, 'nobody')).toMatchObject({
      title: 'Channel not found',
      icon: 'warning',
      retry: false,
    });
    expect(messageFor({ state: 'offline', reason: null }, 'Main stage')?.title).toBe('Main stage is offline');
  });
  test('is hidden while live', () => expect(messageFor({ state: 'live', reason: null }, 'main')).toBeNull());
  test('names the offline channel', () => expect(messageFor({ state: 'offline', reason: null }, 'main')?.title).toBe('main is offline'));
  test('counts down to the next event, and reports a late one', () => {
    const next = { title: 'Gala', startsAt: new Date(90_061_000) };
    const message = (seconds: number) => messageFor({ state: 'offline', reason: null }, 'main', next, 90_061_000 - seconds * 1000);
    expect(message(90_061)?.title).toBe('Gala');
    expect(message(90_061)?.remaining).toBe('1 day 1 hour');
    expect(message(3_600)?.remaining).toBe('1 hour');
    expect(message(61)?.remaining).toBe('1 minute 1 second');
    expect(message(0.2)?.remaining).toBe('1 second');
    expect(message(0.2)?.hint).toContain('Starts');
    expect(message(-5)).toMatchObject({ hint: expect.stringContaining('Starting soon') as string });
    expect(message(-5)?.remaining).toBeUndefined();
    expect(messageFor({ state: 'live', reason: null }, 'main', next, 0)).toBeNull();
  });
  test.each(['expired', 'noToken'] as const)('for %s has a hint, but no retry', (reason) => {
    const message = messageFor({ state: 'error', reason }, 'Council');
    expect(message?.title).not.toBe('');
    expect(message?.hint).not.toBe('');
    expect(message?.retry).toBe(false);
  });
  test.each(['unreachable', 'denied', 'unsupported', 'media'] as const)('for %s has a hint and a retry', (reason) => {
    const message = messageFor({ state: 'error', reason }, 'main');
    expect(message?.retry).toBe(true);
    expect(message?.hint).not.toBe('');
  });
});

describe('progress', () => {
  test('reports a stall since the last advance', () => {
    const progress = new Progress(0);
    progress.observe(10, true, 100);
    expect(progress.observe(10.5, true, 600)).toBe(true);
    expect(progress.observe(10.5, true, 1100)).toBe(false);
    expect(progress.stalledFor(3600)).toBe(3000);
  });
  test('ignores seeks', () => {
    const progress = new Progress(0);
    progress.observe(10, true, 500);
    progress.observe(60, false, 1000);
    expect(progress.observe(60, true, 1500)).toBe(false);
    expect(progress.stalledFor(1500)).toBe(1500);
  });
  test('tolerates short stalls, but not long ones', () => {
    const progress = new Progress(0);
    for (let i = 0; i <= 10; i++) progress.observe(i, true, i * 500);
    progress.observe(10, true, 5500);
    progress.observe(10.5, true, 6000);
    expect(progress.movingFor(6000)).toBe(5500);
    progress.observe(10.5, true, 9000);
    expect(progress.movingFor(9000)).toBe(0);
  });
});

test('a point is outside a box or inside, edges included', () => {
  const box = { left: 10, right: 20, top: 30, bottom: 40 };
  const beside = (clientX: number, clientY: number) => isOutside({ clientX, clientY }, box);
  expect([beside(15, 35), beside(10, 30), beside(20, 40)]).toEqual([false, false, false]);
  expect([beside(9, 35), beside(21, 35), beside(15, 29), beside(15, 41)]).toEqual([true, true, true, true]);
});
