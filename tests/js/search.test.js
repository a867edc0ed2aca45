// What is looked for, in the page's address and as the server wants it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fromQuery, isNarrow, nothing, toParameters, toQuery } from '../../view/js/search.js';

const odd = 'Ada "&=<b>+ 🦊/?#[]';

test('every search survives the way through the address', () => {
    const searches = [nothing(), { ...nothing(), all: [odd, 'Bob'], not: ['Eve'] }, { ...nothing(), any: ['A', 'B'], only: true, guesses: false },
        { ...nothing(), all: ['A'], only: true }, { ...nothing(), state: 'guessed', from: '2020-01-02', to: '2021-01-01', folder: 'f-1', people_min: '2', people_max: '5', sort: 'uploaded', order: 'asc' },
        { ...nothing(), view: 'person', name: odd }, { ...nothing(), view: 'groups' }];
    for (const search of searches) {
        assert.deepEqual(fromQuery(toQuery(search)), search);
    }
});

test('the plain page opens without anything behind its address', () => {
    assert.equal(toQuery(nothing()), '');
});

test('"only" is said of the names that may be there', () => {
    const parameters = toParameters({ ...nothing(), all: ['A'], any: ['B', 'C'], only: true });
    assert.deepEqual(parameters.getAll('only[]'), ['A', 'B', 'C']);
});

test('a plain form\'s and a stranger\'s address are understood', () => {
    assert.deepEqual(fromQuery('?all=Ada&state=guessed').all, ['Ada']);
    assert.deepEqual(fromQuery('?all[]=Ada&all[]=Ada&all=').all, ['Ada']);
    assert.equal(fromQuery('?view=constructor').view, 'photos');
    assert.equal(fromQuery('?%E0%A4%A').view, 'photos');
});

test('whether something is left out', () => {
    assert.ok(!isNarrow(nothing()));
    assert.ok(!isNarrow({ ...nothing(), sort: 'uploaded', order: 'asc', view: 'people' }));
    assert.ok(isNarrow({ ...nothing(), not: ['A'] }));
    assert.ok(isNarrow({ ...nothing(), folder: '/' }));
});
