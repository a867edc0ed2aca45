<div class="faces-page section-content-wrapper">
<h2>{{$t.title|escape}}</h2>
<p role="alert">{{$text|escape}}</p>
{{if $back}}<p><a href="{{$back|escape}}">{{$t.back|escape}}</a></p>{{/if}}
</div>
