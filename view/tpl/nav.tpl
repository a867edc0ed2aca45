<script type="importmap">{{$imports}}</script>
{{foreach $modules as $module}}<link rel="modulepreload" href="{{$module|escape}}">
{{/foreach}}<script type="module" src="{{$script|escape}}"></script>
<nav class="faces-nav" data-texts="{{$texts|escape}}" aria-label="{{$label|escape}}"><ul>
{{foreach $links as $link}}<li><a href="{{$link.url|escape}}"{{if $link.isHere}} aria-current="page"{{/if}}>{{$link.text|escape}}</a></li>
{{/foreach}}</ul></nav>
