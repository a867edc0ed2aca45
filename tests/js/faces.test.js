// What a decision does to a face, by the worker's rules (docs/formats.md), and how it is laid over what the server says.

import assert from 'node:assert/strict';
import test from 'node:test';
import { decided, Faces, inverse, kind, person } from '../../view/js/faces.js';

const face = (more = {}) => ({ id: 'a', box: [0, 0, 1, 1], name: '', state: '', guess: '', distance: null, group: '', time: '', ...more });
const name = (who) => ({ decision: 'name', name: who });
const decision = (what) => ({ decision: what, name: '' });

test('each decision leads to its state', () => {
    assert.equal(kind(decided(face({ guess: 'Ada' }), name('Bob'))), 'named');
    assert.equal(person(decided(face({ guess: 'Ada' }), name('Bob'))), 'Bob');
    assert.equal(kind(decided(face({ guess: 'Ada' }), decision('unknown'))), 'unknown');
    assert.equal(kind(decided(face(), decision('ignore'))), 'ignored');
    assert.equal(kind(decided(face({ state: 'named', name: 'Ada' }), decision('clear'))), 'unnamed');
});

test('a rejection takes away that name only', () => {
    assert.equal(kind(decided(face({ guess: 'Ada' }), { decision: 'reject', name: 'Ada' })), 'unnamed');
    assert.equal(person(decided(face({ guess: 'Ada' }), { decision: 'reject', name: 'Bob' })), 'Ada');
    assert.equal(kind(decided(face({ state: 'named', name: 'Ada' }), { decision: 'reject', name: 'Ada' })), 'unnamed');
    assert.equal(person(decided(face({ state: 'named', name: 'Ada' }), { decision: 'reject', name: 'Bob' })), 'Ada');
    assert.equal(kind(decided(face({ state: 'ignored' }), { decision: 'reject', name: 'Bob' })), 'ignored');
});

test('the inverse of a decision brings a face back to where it was', () => {
    const befores = [face(), face({ guess: 'Ada' }), face({ state: 'named', name: 'Ada' }), face({ state: 'unknown' }), face({ state: 'ignored' })];
    const decisions = [name('Bob'), name('Ada'), decision('unknown'), decision('ignore'), decision('clear'), { decision: 'reject', name: 'Ada' }];
    for (const before of befores) {
        for (const one of decisions) {
            const after = [one, ...inverse(before, one)].reduce(decided, before);
            assert.deepEqual([after.state, after.name], [before.state, before.name], JSON.stringify([before, one]));
        }
    }
});

test('a rejected guess comes back by being named once, then taken back', () => {
    assert.deepEqual(inverse(face({ guess: 'Ada' }), { decision: 'reject', name: 'Ada' }), [name('Ada'), decision('clear')]);
    assert.deepEqual(inverse(face({ state: 'named', name: 'Ada' }), { decision: 'reject', name: 'Ada' }), [name('Ada')]);
});

test('what is not saved yet lies over what the server says, whenever that comes', () => {
    const faces = new Faces();
    faces.take([face()], { isShown: true });
    faces.lay(['a'], 'k1', name('Ada'));
    faces.lay(['a'], 'k2', decision('clear'));
    faces.lay(['a'], 'k3', name('Bob'));
    faces.take([face({ guess: 'Eve' })]);
    assert.equal(person(faces.get('a')), 'Bob');
    assert.ok(faces.isPending('a'));
    faces.settle(['a'], 'k1', new Map([['a', 't1']]));
    faces.settle(['a'], 'k3'); // refused
    assert.equal(kind(faces.get('a')), 'unnamed');
    faces.settle(['a'], 'k2', new Map([['a', 't2']]));
    assert.equal(faces.time('a'), 't2');
    assert.ok(!faces.isPending('a'));
});

test('an answer that was asked for before something was saved does not undo it', () => {
    const faces = new Faces();
    faces.take([face()], { isShown: true });
    const asked = performance.now() - 1;
    faces.lay(['a'], 'k', name('Ada'));
    faces.settle(['a'], 'k', new Map([['a', 't1']]));
    faces.take([face()], { asked });
    assert.equal(person(faces.get('a')), 'Ada');
    faces.take([face({ guess: 'Eve' })], { asked: performance.now() + 1 });
    assert.equal(person(faces.get('a')), 'Eve');
});

test('a face is forgotten with the last list that shows it', () => {
    const faces = new Faces();
    faces.take([face()], { isShown: true });
    faces.take([face()], { isShown: true });
    faces.leave(['a']);
    assert.ok(faces.get('a'));
    faces.leave(['a']);
    assert.equal(faces.get('a'), undefined);
});

test('only what changed is told', () => {
    const faces = new Faces();
    const told = [];
    faces.addEventListener('change', (event) => told.push(event.detail));
    faces.take([face(), face({ id: 'b' })]);
    faces.take([face(), face({ id: 'b', guess: 'Ada' })]);
    assert.deepEqual(told, [['a', 'b'], ['b']]);
});

test('what was decided here is known after its face has left the page', () => {
    const faces = new Faces();
    faces.take([face()], { isShown: true });
    faces.lay(['a'], 'k', name('Ada'));
    faces.leave(['a']);
    faces.settle(['a'], 'k', new Map([['a', 't5']]));
    assert.equal(faces.time('a'), 't5');
});

test('a face that an editor needs stays when its list is gone', () => {
    const faces = new Faces();
    faces.take([face()], { isShown: true });
    faces.stay('a');
    faces.leave(['a']);
    assert.ok(faces.get('a'));
    faces.leave(['a']);
    assert.equal(faces.get('a'), undefined);
});
