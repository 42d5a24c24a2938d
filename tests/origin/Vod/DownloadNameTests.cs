using Broadcast.Media;
using Broadcast.Origin.Vod;

namespace Broadcast.Origin.Tests.Vod;

/// <summary>File names of downloads.</summary>
public class DownloadNameTests
{
    private static readonly ChannelName Demo = ChannelName.Parse("demo");

    [Theory]
    [InlineData("", null, "demo 2026-03-01 12.00.mp4")]
    [InlineData("Final", null, "Final 2026-03-01 12.00.mp4")]
    [InlineData("Final", "720p", "Final 2026-03-01 12.00 720p.mp4")]
    [InlineData("Größe: 5/6 \"live\"?", null, "Größe 56 live 2026-03-01 12.00.mp4")]
    [InlineData("../../etc/passwd", null, "etcpasswd 2026-03-01 12.00.mp4")]
    [InlineData(" .hidden. ", null, "hidden 2026-03-01 12.00.mp4")]
    [InlineData("a\r\nb\u0000c\u202Egnp.exe", null, "abcgnp.exe 2026-03-01 12.00.mp4")]
    [InlineData("\ud83c\udfa4 \ud800 開会式", null, "🎤  開会式 2026-03-01 12.00.mp4")]
    [InlineData("...", null, "demo 2026-03-01 12.00.mp4")]
    public void File_name_is_the_title_and_start_time_without_invalid_characters(string title, string? rendition, string expected) =>
        DownloadName.Of(title, Demo, FakePackager.Start, rendition).ShouldBe(expected);

    [Fact]
    public void Long_title_is_truncated_between_characters()
    {
        var name = DownloadName.Of(string.Concat(Enumerable.Repeat("🎤", 300)), Demo, FakePackager.Start, null);
        name.ShouldStartWith("🎤");
        System.Text.Encoding.UTF8.GetByteCount(name).ShouldBeInRange(150, 255);
        name.ShouldNotContain("\uFFFD");
    }

    [Fact]
    public void Content_disposition_has_the_name_in_ASCII_and_in_full()
    {
        var header = DownloadName.Disposition("Größe; filename=x\"\\", Demo, FakePackager.Start, null);
        header.ShouldBe(
            "attachment; filename=\"Gr__e; filename=x 2026-03-01 12.00.mp4\"; "
            + "filename*=UTF-8''Gr%C3%B6%C3%9Fe%3B%20filename%3Dx%202026-03-01%2012.00.mp4");
        header.All(c => c is >= ' ' and < '\u007f').ShouldBeTrue();
    }
}
