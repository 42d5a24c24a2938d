using Broadcast.Chat.Filters.Links;
using Shouldly;
using Xunit;

namespace Broadcast.Chat.Tests.Filters;

public sealed class LinkFinderTests
{
    [Theory]
    [InlineData("see http://example.com/x now", "example.com", "http://example.com")]
    [InlineData("HTTPS://Example.COM", "example.com", "HTTPS://Example.COM")]
    [InlineData("hxxps://evil.test/", "evil.test", "hxxps://evil.test")]
    [InlineData("http://localhost:8080/", "localhost", "http://localhost")]
    [InlineData("http://[::1]/", "[::1]", "http://[::1]")]
    [InlineData("https://good.com@evil.org/", "evil.org", "https://good.com@evil.org")]
    [InlineData("steam://run/1", "run", "steam://run")]
    [InlineData("www.example.museum", "www.example.museum", "www.example.museum")]
    [InlineData("go to example.com.", "example.com", "example.com")]
    [InlineData("(example.com/x)", "example.com", "example.com")]
    [InlineData("sub.domain.example.co.uk?x=1", "sub.domain.example.co.uk", "sub.domain.example.co.uk")]
    [InlineData("Example.Com is it", "example.com", "Example.Com")]
    [InlineData("example.com.Then", "example.com", "example.com")]
    [InlineData("discord.gg/abc", "discord.gg", "discord.gg")]
    [InlineData("t.me/abc", "t.me", "t.me")]
    [InlineData("youtu.be/abc", "youtu.be", "youtu.be")]
    [InlineData("free-coins.live", "free-coins.live", "free-coins.live")]
    [InlineData("casino24.is", "casino24.is", "casino24.is")]
    [InlineData("163.com", "163.com", "163.com")]
    [InlineData("me@example.org", "example.org", "example.org")]
    [InlineData("1.1.1.1:80", "1.1.1.1", "1.1.1.1")]
    [InlineData("at 192.168.0.1 now", "192.168.0.1", "192.168.0.1")]
    [InlineData("at 192.168.0.1:8080", "192.168.0.1", "192.168.0.1")]
    [InlineData("b\u00FCcher.de", "b\u00FCcher.de", "b\u00FCcher.de")]
    [InlineData("пример.рф", "пример.рф", "пример.рф")]
    [InlineData("例え.jp", "例え.jp", "例え.jp")]
    [InlineData("例え.中国", "例え.中国", "例え.中国")]
    [InlineData("xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai", "xn--bcher-kva.xn--p1ai")]
    [InlineData("見てexample.comです", "example.com", "example.com")]
    [InlineData("example . com", "example.com", "example . com")]
    [InlineData("example[.]com", "example.com", "example[.]com")]
    [InlineData("example (.) is", "example.is", "example (.) is")]
    [InlineData("example dot com", "example.com", "example dot com")]
    [InlineData("example (dot) tv", "example.tv", "example (dot) tv")]
    [InlineData("www[dot]example[dot]com", "www.example.com", "www[dot]example[dot]com")]
    [InlineData("ejemplo punto com", "ejemplo.com", "ejemplo punto com")]
    [InlineData("x.com/a", "x.com", "x.com")]
    [InlineData("sub dot example dot net", "sub.example.net", "sub dot example dot net")]
    [InlineData("пример точка com", "пример.com", "пример точка com")]
    [InlineData("\uFF45\uFF58\uFF41\uFF4D\uFF50\uFF4C\uFF45\uFF0E\uFF43\uFF4F\uFF4D", "example.com", null)]
    [InlineData("\U0001D41E\U0001D431.\U0001D41C\U0001D428\U0001D426", "ex.com", null)]
    [InlineData("example\u3002com", "example.com", null)]
    [InlineData("example.c\u043Em", "example.c\u043Em", null)]
    [InlineData("exa\u200Dmple.com", "example.com", null)]
    public void Links_are_found(string text, string host, string? match)
    {
        var link = LinkFinder.Find(text, _ => true).ShouldNotBeNull();
        link.Host.ShouldBe(host);
        if (match is not null)
        {
            text.Substring(link.Start, link.Length).ShouldBe(match);
        }
    }

    [Theory]
    [InlineData("3.5 and 1.000.000,00")]
    [InlineData("at 10.30 or 12:45 or 9:00:01")]
    [InlineData("e.g. this, i.e. that, z.B. so, d.h. nie, p.m.")]
    [InlineData("hello.How are you")]
    [InlineData("ok.so what.is it.in there.me too")]
    [InlineData("just.do.it")]
    [InlineData("readme.txt, index.html, photo.jpg, main.cpp, Node.js")]
    [InlineData("section 4.4.6.2, version 2.10.0.1")]
    [InlineData("viewer-pages.md, 0018-a-recording.md, libx264-1.so")]
    [InlineData("README.md, run.sh, main.py, lib.rs, a.zip, clip.mov")]
    [InlineData("wait... what.. no..com")]
    [InlineData("the dot com years, polka dot com")]
    [InlineData("connect the dot. net result")]
    [InlineData("un punto de vista, am Punkt de, f.Kr. och e.Kr.")]
    [InlineData("I love .net and .com")]
    [InlineData("this. com você")]
    [InlineData("version 1.2.3, 10.0.19041.1, 300.1.2.3, 1.2.3.4.5")]
    [InlineData("J.R.R. Tolkien, St.Pauli, U.S.A.")]
    [InlineData("smile :// and c:// and :/")]
    [InlineData("@user.name hi")]
    [InlineData("今天很好。我爱中国。是")]
    [InlineData("Привет.Как дела.да")]
    [InlineData("1.Platz, 2.de")]
    [InlineData("either/or 50/50 a.b")]
    public void Other_text_is_no_link(string text) => LinkFinder.Find(text, _ => true).ShouldBeNull();

    [Fact]
    public void Search_goes_on_after_links_that_are_not_sought()
    {
        LinkFinder.Find("example.com/a.org?b.net https://example.com/x.io ok", host => host != "example.com").ShouldBeNull();
        LinkFinder.Find("example.com evil.org", host => host != "example.com")!.Value.Host.ShouldBe("evil.org");
        LinkFinder.Find("example.com,evil.org", host => host != "example.com")!.Value.Host.ShouldBe("evil.org");
        LinkFinder.Find("example.com@evil.org", host => host != "example.com")!.Value.Host.ShouldBe("evil.org");
        LinkFinder.Find("https://example.com/https://evil.org", host => host != "example.com")!.Value.Host.ShouldBe("evil.org");
        LinkFinder.Find(string.Concat(Enumerable.Repeat("a.", 300)) + "evil.org", _ => true).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("example.com", "example.com")]
    [InlineData("EXAMPLE.com", "example.com")]
    [InlineData("b\u00FCcher.de", "xn--bcher-kva.de")]
    [InlineData("example", null)]
    [InlineData("https://example.com", null)]
    [InlineData("example.com/x", null)]
    [InlineData(".com", null)]
    [InlineData("a..com", null)]
    [InlineData("-a.com", null)]
    [InlineData("\u2460\uD800.com", null)]
    [InlineData(null, null)]
    public void Domains_have_one_normal_form(string? text, string? expected) => DomainName.Normalize(text).ShouldBe(expected);

    [Fact]
    public void Subdomains_are_within_their_domain()
    {
        DomainName.IsWithin("example.com", "example.com").ShouldBeTrue();
        DomainName.IsWithin("a.b.example.com", "example.com").ShouldBeTrue();
        DomainName.IsWithin("badexample.com", "example.com").ShouldBeFalse();
        DomainName.IsWithin("example.com.evil.org", "example.com").ShouldBeFalse();
    }
}
