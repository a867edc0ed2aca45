<nav class="faces-nav" aria-label="{{$label|escape}}"><ul>
{{foreach $links as $link}}<li><a href="{{$link.url|escape}}"{{if $link.isHere}} aria-current="page"{{/if}}>{{$link.text|escape}}</a></li>
{{/foreach}}</ul></nav>
