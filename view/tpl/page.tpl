<div class="faces-page section-content-wrapper"{{if $token}} data-form-security-token="{{$token|escape}}"{{/if}} data-own="{{$own|escape}}" data-visitor="{{$visitor|escape}}" data-may-name="{{if $mayName}}1{{/if}}" data-is-owner="{{if $isOwner}}1{{/if}}" data-may-run="{{if $mayRun}}1{{/if}}" data-sort="{{$sort|escape}}" data-order="{{$order|escape}}" data-zoom="{{$zoom}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{foreach $problems as $problem}}<p class="faces-problem" role="alert">{{$problem|escape}}</p>
{{/foreach}}
<div class="faces-app" data-first="{{$first|escape}}" data-version="{{$version|escape}}"></div>
<noscript>
<p class="faces-total">{{$total|escape}}</p>
{{if $status}}<p class="faces-status" role="status">{{$status|escape}}</p>{{/if}}
{{if $mayRun}}
<form class="faces-run" method="post" action="{{$own|escape}}/start"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit">{{$t.search|escape}}</button></form>
<form class="faces-run" method="post" action="{{$own|escape}}/stop"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><button type="submit">{{$t.stop|escape}}</button></form>
{{/if}}
<form class="faces-filter" method="get" action="{{$own|escape}}">
<label>{{$t.person|escape}} <input type="text" name="all" value="{{$filter.name|escape}}" maxlength="200"></label>
<label>{{$t.faces|escape}} <select name="state">{{foreach $filter.states as $value => $label}}<option value="{{$value|escape}}"{{if $value === $filter.state}} selected{{/if}}>{{$label|escape}}</option>{{/foreach}}</select></label>
<button type="submit">{{$t.show|escape}}</button>
</form>
{{if !$photos}}<p>{{$t.none|escape}}</p>{{/if}}
<div class="faces-photos faces-zoom-{{$zoom}}">
{{foreach $photos as $photo}}
<figure class="faces-photo" id="photo-{{$photo.hash|escape}}">
<div class="faces-picture"><img src="{{$photo.url|escape}}" alt="{{$photo.alt|escape}}" loading="lazy">
{{foreach $photo.faces as $face}}<span class="faces-frame faces-{{$face.state|escape}}" style="{{$face.style|escape}}" data-face="{{$face.id|escape}}"><span>{{$face.number}}</span></span>
{{/foreach}}</div>
<figcaption>{{$photo.file|escape}} <time>{{$photo.date|escape}}</time>
<ol class="faces-names">
{{foreach $photo.faces as $face}}<li class="faces-{{$face.state|escape}}"><bdi>{{$face.label|escape}}</bdi>
{{if $photo.mayName && $face.guess}}<form class="faces-yes" method="post" action="{{$own|escape}}/name"><input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><input type="hidden" name="photo" value="{{$photo.hash|escape}}"><input type="hidden" name="query" value="{{$query|escape}}"><input type="hidden" name="faces" value="{{$face.id|escape}}"><input type="hidden" name="name" value="{{$face.guess|escape}}"><button type="submit" name="decision" value="name">{{$t.yes|escape}}</button></form>{{/if}}
{{if $photo.mayName}}<details><summary>{{$t.change|escape}}</summary><form method="post" action="{{$own|escape}}/name">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1"><input type="hidden" name="photo" value="{{$photo.hash|escape}}"><input type="hidden" name="query" value="{{$query|escape}}"><input type="hidden" name="faces" value="{{$face.id|escape}}">
<label>{{$t.name|escape}} <input type="text" name="name" value="{{$face.name|escape}}" maxlength="200" autocomplete="off"></label>
<button type="submit" name="decision" value="name">{{$t.save|escape}}</button>
{{if $face.guess}}<button type="submit" name="decision" value="reject">{{$t.reject|escape}}</button>{{/if}}
<button type="submit" name="decision" value="unknown">{{$t.unknown|escape}}</button>
<button type="submit" name="decision" value="ignore">{{$t.ignore|escape}}</button>
{{if $face.state !== 'unnamed' && $face.state !== 'guessed'}}<button type="submit" name="decision" value="clear">{{$t.clear|escape}}</button>{{/if}}
</form></details>{{/if}}</li>
{{/foreach}}</ol></figcaption>
</figure>
{{/foreach}}
</div>
<nav class="faces-pages">{{if $earlier}}<a href="{{$earlier|escape}}">{{$t.earlier|escape}}</a> {{/if}}{{if $later}}<a href="{{$later|escape}}">{{$t.later|escape}}</a>{{/if}}</nav>
</noscript>
</div>
