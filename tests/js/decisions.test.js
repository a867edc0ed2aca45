// Deciding and taking back, with a server that knows what holds.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Decisions } from '../../view/js/decisions.js';
import { decided, Faces } from '../../view/js/faces.js';
import { Outbox } from '../../view/js/outbox.js';
import { Refused } from '../../view/js/server.js';

const face = (id, more = {}) => ({ id, box: [0, 0, 1, 1], name: '', state: '', guess: '', distance: null, group: '', time: '', ...more });

/** A page with these faces, and what the server made of it. */
function page(...shown) {
    const server = { faces: new Map(shown.map((one) => [one.id, one])), rejected: [], posts: [], refuse: null, post: async (_, fields) => {
        server.posts.push(fields);
        if (server.refuse) {
            throw server.refuse;
        }
        const ids = fields.faces?.split(',') ?? (fields.photo ? ['drawn'] : [...server.faces.values()].filter(({ name }) => name === fields.person).map(({ id }) => id));
        for (const id of ids) {
            server.faces.set(id, decided(server.faces.get(id) ?? face(id), { decision: fields.decision, name: fields.name ?? '' }));
        }
        return { saved: ids.map((id) => ({ face: id, time: `t${server.posts.length}` })) };
    } };
    const faces = new Faces();
    faces.take(shown, { isShown: true });
    const outbox = new Outbox(server, null, 'me');
    return { server, faces, outbox, decisions: new Decisions(faces, outbox), state: (id) => [server.faces.get(id).state, server.faces.get(id).name] };
}

const settled = async ({ outbox }) => {
    while (outbox.entries.length > 0) {
        await new Promise((done) => setTimeout(done, 1));
    }
};

test('it is seen at once, then saved', async () => {
    const it = page(face('a'));
    it.decisions.decide(['a'], { decision: 'name', name: 'Ada' }, 'Named');
    assert.equal(it.faces.get('a').name, 'Ada');
    await settled(it);
    assert.deepEqual(it.state('a'), ['named', 'Ada']);
    assert.equal(it.faces.isPending('a'), false);
});

test('steps are taken back in order, each face to its own state', async () => {
    const it = page(face('a', { state: 'named', name: 'Bob' }), face('b', { guess: 'Ada' }), face('c', { state: 'ignored' }));
    it.decisions.decide(['a', 'b', 'c'], { decision: 'name', name: 'Ada' }, 'first');
    it.decisions.decide(['b'], { decision: 'unknown', name: '' }, 'second');
    it.decisions.undo();
    assert.equal(it.faces.get('b').name, 'Ada');
    it.decisions.undo();
    await settled(it);
    assert.deepEqual([it.state('a'), it.state('b'), it.state('c')], [['named', 'Bob'], ['', ''], ['ignored', '']]);
    assert.equal(it.decisions.last, undefined);
});

test('a group is one step: those dropped out are not that person', async () => {
    const it = page(face('a'), face('b'), face('c'));
    it.decisions.nameGroup(['a', 'b'], ['c'], 'Ada', 'Named two');
    await settled(it);
    assert.deepEqual(it.server.posts.map(({ faces, decision }) => [faces, decision]), [['a,b', 'name'], ['c', 'reject']]);
    it.decisions.undo();
    await settled(it);
    assert.deepEqual([it.state('a'), it.state('b'), it.state('c')], [['', ''], ['', ''], ['', '']]);
    assert.deepEqual(it.server.posts.slice(2).map(({ faces, decision }) => [faces, decision]), [['a,b', 'clear'], ['c', 'name'], ['c', 'clear']]);
});

test('no request without a face', async () => {
    const it = page(face('a'));
    it.decisions.nameGroup(['a'], [], 'Ada', 'x');
    it.decisions.decide(['gone'], { decision: 'unknown', name: '' }, 'x');
    await settled(it);
    assert.equal(it.server.posts.length, 1);
});

test('a drawn face is taken back even before it is saved', async () => {
    const it = page();
    it.decisions.draw('p', [0, 0, 0.5, 0.5], { decision: 'name', name: 'Ada' }, 'x');
    it.decisions.undo();
    await settled(it);
    await settled(it);
    assert.deepEqual(it.state('drawn'), ['', '']);
});

test('a person who was renamed gets the old name back, and nobody else does', async () => {
    const it = page(face('a', { state: 'named', name: 'Ada' }), face('b', { state: 'named', name: 'Bob' }));
    it.decisions.rename('Ada', 'Bob', 'x');
    await settled(it);
    assert.deepEqual(it.state('a'), ['named', 'Bob']);
    it.decisions.undo();
    await settled(it);
    assert.deepEqual([it.state('a'), it.state('b')], [['named', 'Ada'], ['named', 'Bob']]);
});

test('what is refused is shown as it was, and said', async () => {
    const it = page(face('a', { guess: 'Ada' }));
    const said = [];
    it.decisions.addEventListener('refused', (event) => said.push(event.detail.text));
    it.server.refuse = new Refused('gone', 404);
    it.decisions.decide(['a'], { decision: 'name', name: 'Ada' }, 'x');
    await settled(it);
    assert.deepEqual([it.faces.get('a').state, it.faces.get('a').guess, said.length], ['', 'Ada', 1]);
});

test('somebody else decided meanwhile: theirs is shown', async () => {
    const it = page(face('a'));
    it.server.refuse = new Refused('newer', 409, { newer: [face('a', { state: 'named', name: 'Eve', time: 't9' })] });
    it.decisions.decide(['a'], { decision: 'name', name: 'Ada' }, 'x');
    await settled(it);
    assert.equal(it.faces.get('a').name, 'Eve');
    assert.equal(it.server.posts[0].time, '');
});

test('what was refused is not taken back: "undo" spares what somebody else decided', async () => {
    const it = page(face('a'), face('b'), face('c'));
    it.decisions.decide(['c'], { decision: 'unknown', name: '' }, 'before');
    await settled(it);
    it.server.refuse = new Refused('newer', 409, { newer: [face('a', { state: 'named', name: 'Eve', time: 't9' })] });
    it.decisions.decide(['a', 'b'], { decision: 'name', name: 'Ada' }, 'refused');
    await settled(it);
    it.server.refuse = null;
    const posts = it.server.posts.length;
    assert.equal(it.decisions.last.label, 'before');
    it.decisions.undo();
    await settled(it);
    assert.deepEqual(it.server.posts.slice(posts).map(({ faces, decision }) => [faces, decision]), [['c', 'clear']]);
});

test('of a group half of which was refused the other half is taken back', async () => {
    const it = page(face('a'), face('b'), face('c'));
    const post = it.server.post;
    it.server.post = async (path, fields) => {
        if (fields.decision === 'reject') {
            throw new Refused('gone', 404);
        }
        return post(path, fields);
    };
    it.decisions.nameGroup(['a', 'b'], ['c'], 'Ada', 'x');
    await settled(it);
    it.server.post = post;
    it.decisions.undo();
    await settled(it);
    assert.deepEqual(it.server.posts.map(({ faces, decision }) => [faces, decision]), [['a,b', 'name'], ['a,b', 'clear']]);
    it.decisions.undo(); // there is no more
    assert.equal(it.outbox.entries.length, 0);
});
