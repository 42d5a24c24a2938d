using System.Text.RegularExpressions;
using Broadcast.Media.OriginToControl;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.OriginToControl;

/// <summary>
/// The shipped edges cache a decision about a viewer for all addresses if the token is valid from any address. They must recognize such
/// tokens exactly as the server does: for other tokens the decision can depend on the viewer's address.
/// </summary>
public sealed class EdgeTokenTests
{
    private const string Signature = "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE";

    private static readonly string[] Tokens =
    [
        $"1.abcdefgh.demo.1900000000.jane.-.{Signature}",
        $"1.01234567.a.0.A.-.{Signature}",
        $"1.zzzzzzzz.{new string('a', 31)}-{new string('0', 32)}.99999999999.{new string('_', 32)}.-.{Signature}",
    ];

    [Theory]
    [InlineData("nginx.conf")]
    [InlineData("varnish.vcl")]
    public void Edge_accepts_the_same_location_independent_tokens_as_the_server(string file)
    {
        var text = File.ReadAllText(Repository.PathOf("infra", "edge", file));
        var pattern = Regex.Matches(text, @"/t/(?<token>1\\\..*?)/live/").Select(match => match.Groups["token"].Value)
            .ShouldHaveSingleItem();
        var edge = new Regex($@"\A(?:{pattern})\z", RegexOptions.CultureInvariant);
        Tokens.ShouldAllBe(token => edge.IsMatch(token) && IsGoodAnywhere(token));
        var (good, wrong) = (0, new List<string>());
        foreach (var token in Tokens.SelectMany(Neighbors))
        {
            var isGood = IsGoodAnywhere(token);
            good += isGood ? 1 : 0;
            if (edge.IsMatch(token) != isGood)
            {
                wrong.Add(token);
            }
        }

        wrong.ShouldBeEmpty();
        good.ShouldBeGreaterThan(1000, "else nothing was compared");
    }

    private static bool IsGoodAnywhere(string text) => ViewerToken.TryParse(text, out var token) && token.Network is null;

    /// <summary>Variations of a token: one character changed, or one field removed, doubled or replaced.</summary>
    private static IEnumerable<string> Neighbors(string token)
    {
        for (var i = 0; i <= token.Length; i++)
        {
            foreach (var c in ".-_0179afgzAGZ:`@{~!,=+ é")
            {
                yield return token.Insert(i, $"{c}");
                if (i < token.Length)
                {
                    yield return string.Concat(token.AsSpan(0, i), $"{c}", token.AsSpan(i + 1));
                }
            }

            if (i < token.Length)
            {
                yield return token.Remove(i, 1);
            }
        }

        var fields = token.Split('.');
        for (var i = 0; i < fields.Length; i++)
        {
            string[] others = ["", "-", fields[i] + fields[i], "4cb007105", new('a', 65), new('a', 33), "00", "01", "100000000000", "2",
                Signature + "="];
            foreach (var other in others)
            {
                yield return string.Join('.', [.. fields[..i], other, .. fields[(i + 1)..]]);
            }

            yield return string.Join('.', [.. fields[..i], .. fields[(i + 1)..]]);
            yield return string.Join('.', [.. fields[..i], fields[i], .. fields[i..]]);
        }
    }
}
