using System.Text;
using Broadcast.Origin.ViewerCounting;

namespace Broadcast.Origin.Tests.ViewerCounting;

public class BeaconTests
{
    [Theory]
    [InlineData("play 0123456789abcdef", 0x0123456789abcdefUL, false)]
    [InlineData("left ffffffffffffffff", ulong.MaxValue, true)]
    [InlineData("play 0000000000000000", 0UL, false)]
    public void Beacon_has_an_id_and_whether_the_page_plays_or_has_left(string text, ulong id, bool isLeaving)
    {
        Beacon.TryParse(Encoding.Latin1.GetBytes(text), out var beacon).ShouldBeTrue();
        beacon.ShouldBe(new Beacon(id, isLeaving));
    }

    [Theory]
    [InlineData("")]
    [InlineData("play")]
    [InlineData("play 0123456789abcde")]
    [InlineData("play 0123456789abcdef\n")]
    [InlineData("play 0123456789ABCDEF")]
    [InlineData("play 0123456789abcdeg")]
    [InlineData("play  123456789abcdef")]
    [InlineData("play -123456789abcdef")]
    [InlineData("play 0x23456789abcdef")]
    [InlineData("Play 0123456789abcdef")]
    [InlineData("lost 0123456789abcdef")]
    [InlineData("play\t0123456789abcdef")]
    [InlineData("0123456789abcdef play")]
    [InlineData("\u00e9lay 0123456789abcdef")]
    public void Any_other_text_is_not_a_beacon(string text) => Beacon.TryParse(Encoding.Latin1.GetBytes(text), out _).ShouldBeFalse();
}
