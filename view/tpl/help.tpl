<div class="faces-page section-content-wrapper"{{if $token}} data-form-security-token="{{$token|escape}}"{{/if}}>
{{$nav}}
<h2>{{$title|escape}}</h2>
{{foreach $sections as $section}}
<h3>{{$section.title|escape}}</h3>
{{foreach $section.texts as $text}}<p>{{$text|escape}}</p>
{{/foreach}}
{{if $section.steps}}<ol class="faces-steps">{{foreach $section.steps as $step}}<li>{{$step|escape}}</li>
{{/foreach}}</ol>{{/if}}
{{/foreach}}
</div>
