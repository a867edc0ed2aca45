<div class="faces-page section-content-wrapper" data-form-security-token="{{$token|escape}}">
{{$nav}}
<h2>{{$title|escape}}</h2>
{{if $said}}<p role="status" class="faces-said">{{$said|escape}}</p>{{/if}}
<form class="faces-form" method="post" action="{{$here|escape}}">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
{{foreach $groups as $heading => $fields}}
<h3>{{$heading|escape}}</h3>
{{foreach $fields as $field}}
{{if $field.kind === 'several' || $field.kind === 'single'}}
<fieldset><legend>{{$field.label|escape}}</legend>
<p class="faces-help">{{$field.help|escape}}</p>
<input type="hidden" name="{{$field.name|escape}}[]" value="">
{{if $field.kind === 'single'}}<label class="faces-choice"><input type="radio" name="{{$field.name|escape}}[]" value=""{{if $field.isOwn}} checked{{/if}}> {{$t.own|escape}}{{if $field.isOwn && $field.now}} ({{$field.now|escape}}){{/if}}</label>{{/if}}
{{foreach $field.choices as $choice}}<label class="faces-choice"><input type="{{if $field.kind === 'single'}}radio{{else}}checkbox{{/if}}" name="{{$field.name|escape}}[]" value="{{$choice.value|escape}}"{{if $choice.isChosen}} checked{{/if}}{{if $choice.isOff}} disabled{{/if}}> {{$choice.label|escape}}
<span class="faces-cost">{{$choice.cost|escape}}</span>{{if $choice.reason}} <span class="faces-reason">{{$choice.reason|escape}}</span>{{/if}}</label>
{{/foreach}}</fieldset>
{{elseif $field.kind === 'one'}}
<p><label>{{$field.label|escape}} <select name="{{$field.name|escape}}">{{foreach $field.choices as $choice}}<option value="{{$choice.value|escape}}"{{if $choice.isChosen}} selected{{/if}}>{{$choice.label|escape}}</option>{{/foreach}}</select></label> <span class="faces-help">{{$field.help|escape}}</span></p>
{{elseif $field.kind === 'number'}}
<p><label>{{$field.label|escape}} <input type="number" name="{{$field.name|escape}}" value="{{$field.value|escape}}" min="{{$field.least}}" max="{{$field.greatest}}" step="{{$field.step}}"></label> <span class="faces-help">{{$field.help|escape}} {{$field.range|escape}}</span></p>
{{else}}
<p>{{if !$field.reason}}<input type="hidden" name="{{$field.name|escape}}" value="0">{{/if}}<label><input type="checkbox" name="{{$field.name|escape}}" value="1"{{if $field.value === '1'}} checked{{/if}}{{if $field.reason}} disabled{{/if}}> {{$field.label|escape}}</label> <span class="faces-help">{{$field.help|escape}}</span>{{if $field.reason}} <span class="faces-reason">{{$field.reason|escape}}</span>{{/if}}</p>
{{/if}}
{{/foreach}}
{{/foreach}}
<p><button type="submit" class="btn btn-outline-primary">{{$t.save|escape}}</button></p>
</form>
<h3>{{$t.presets|escape}}</h3>
<form class="faces-form" method="post" action="{{$here|escape}}">
<input type="hidden" name="form_security_token" value="{{$token|escape}}"><input type="hidden" name="page" value="1">
<p><button type="submit" class="btn btn-outline-primary" name="preset" value="default">{{$t.default|escape}}</button> <span class="faces-help">{{$t.aboutDefault|escape}}</span></p>
<p><button type="submit" class="btn btn-outline-primary" name="preset" value="experimental"{{if $experiments}} disabled{{/if}}>{{$t.experimental|escape}}</button> <span class="faces-help">{{$t.aboutExperimental|escape}}</span>{{if $experiments}} <span class="faces-reason">{{$experiments|escape}}</span>{{/if}}</p>
</form>
</div>
