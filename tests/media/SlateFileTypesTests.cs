using System.Text;
using Broadcast.Media.TranscoderToControl;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests;

/// <summary>Detection of slate files: complete headers, truncated and damaged ones, and text that looks like one.</summary>
public sealed class SlateFileTypesTests
{
    private static readonly byte[] Png = [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n'];
    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF];
    private static readonly byte[] Mp4 = [0, 0, 0, 24, .. "ftypisom"u8, 0, 0, 2, 0, .. "isomavc1"u8];

    public static TheoryData<string> Headers => ["png", "jpeg", "mp4"];

    [Theory]
    [MemberData(nameof(Headers))]
    public void Complete_header_is_detected_and_no_truncated_or_damaged_one(string name)
    {
        var (header, type) = HeaderOf(name);

        SlateFileTypes.Detect(header).ShouldBe(type);
        SlateFileTypes.Detect([.. header, .. new byte[1000]]).ShouldBe(type);
        for (var length = 0; length < header.Length; length++)
        {
            SlateFileTypes.Detect(header.AsSpan(0, length)).ShouldBeNull($"the first {length} bytes");
        }

        // Of an MP4 file, the size and the box type decide; brands are free.
        for (var at = 0; at < Math.Min(header.Length, 8); at++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var damaged = header.ToArray();
                damaged[at] ^= (byte)(1 << bit);
                if (!(type == SlateFileType.Mp4 && at == 3 && damaged[at] is 16 or 20))
                {
                    SlateFileTypes.Detect(damaged).ShouldBeNull($"bit {bit} of byte {at}");
                }
            }
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(8, false)]
    [InlineData(12, false)]
    [InlineData(16, true)]
    [InlineData(18, false)]
    [InlineData(1024, true)]
    [InlineData(1028, false)]
    [InlineData(0x7FFF_FFFC, false)]
    [InlineData(0xFFFF_FFFC, false)]
    public void Box_of_an_MP4_file_has_a_plausible_size(uint size, bool isMp4)
    {
        byte[] file = [(byte)(size >> 24), (byte)(size >> 16), (byte)(size >> 8), (byte)size, .. "ftypisom"u8, .. new byte[4096]];

        SlateFileTypes.Detect(file).ShouldBe(isMp4 ? SlateFileType.Mp4 : null);
    }

    [Theory]
    [InlineData("<!--ftypjp2 --><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"><BaseURL>file:///x/</BaseURL></MPD>")]
    [InlineData("#EXTftyp\n#EXTM3U\n#EXTINF:2,\nfile:///x.ts\n")]
    [InlineData("#EXTM3U\n#EXTINF:2,\nfile:///x.ts\n")]
    [InlineData("ffconcat version 1.0\nfile '/x.mp4'\n")]
    [InlineData("ffcoftypconcat version 1.0\nfile '/x.mp4'\n")]
    [InlineData("<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///x.png'/></svg>")]
    [InlineData("RIFFftypAVI LIST")]
    [InlineData("    ftyp    ")]
    [InlineData("\nPNG\r\n")]
    [InlineData("PNG\r\n")]
    public void Text_and_other_formats_are_not_detected(string text)
    {
        SlateFileTypes.Detect(Encoding.UTF8.GetBytes(text)).ShouldBeNull();
        SlateFileTypes.Detect(Encoding.UTF8.GetBytes(text + new string(' ', 100_000))).ShouldBeNull();
        SlateFileTypes.Detect(Encoding.Latin1.GetBytes(text)).ShouldBeNull();
        SlateFileTypes.Detect(Encoding.Unicode.GetBytes(text)).ShouldBeNull();
    }

    [Fact]
    public void Random_bytes_are_only_detected_by_their_signature()
    {
        var random = new Random(5);
        var buffer = new byte[64];
        for (var round = 0; round < 200_000; round++)
        {
            var file = buffer.AsSpan(0, random.Next(buffer.Length + 1));
            random.NextBytes(file);

            // Most random bytes start like none of the types; parts of a header make them similar.
            var header = HeaderOf((string)Headers.ElementAt(random.Next(3)).Data).Header;
            header.AsSpan(0, Math.Min(random.Next(header.Length + 1), file.Length)).CopyTo(file);
            var expected = file.StartsWith(Png) ? SlateFileType.Png : file.StartsWith(Jpeg) ? SlateFileType.Jpeg
                : file.Length >= 16 && file[4..].StartsWith("ftyp"u8) && file is [0, 0, 0, var size, ..] && size >= 16 && size % 4 == 0
                    && size <= file.Length ? SlateFileType.Mp4 : (SlateFileType?)null;

            SlateFileTypes.Detect(file).ShouldBe(expected, Convert.ToHexString(file));
        }
    }

    private static (byte[] Header, SlateFileType Type) HeaderOf(string name) => name switch
    {
        "png" => (Png, SlateFileType.Png),
        "jpeg" => (Jpeg, SlateFileType.Jpeg),
        _ => (Mp4, SlateFileType.Mp4),
    };
}
