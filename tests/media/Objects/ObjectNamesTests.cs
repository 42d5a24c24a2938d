using System.Globalization;
using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Objects;

/// <summary>Names of objects: their form, their round trip and the rejection of all other names.</summary>
public class ObjectNamesTests
{
    private const string Id = "01JN8E0000000000000000000A";

    private static readonly ChannelName Channel = ChannelName.Parse("demo");

    private static readonly SessionId Session = SessionId.Parse(Id);

    private static readonly RecordingId Recording = RecordingId.Parse("01JN8F0000000000000000000B");

    private static readonly SessionObjectNames Names = ObjectNames.Of(Channel, Session);

    /// <summary>One name of every kind and form, as earlier versions wrote them.</summary>
    public static TheoryData<string, ParsedObjectName> Known()
    {
        var session = new ParsedObjectName(default) { Channel = Channel, Session = Session };
        var recording = new ParsedObjectName(default) { Recording = Recording };
        return new()
        {
            { $"journal/demo/{Id}/00000042.jsonl", session with { Kind = ObjectKind.Journal, Number = 42 } },
            { $"journal/demo/{Id}/123456789.jsonl", session with { Kind = ObjectKind.Journal, Number = 123456789 } },
            { $"journal/demo/{Id}/3-00000042.jsonl", session with { Kind = ObjectKind.Journal, Epoch = 3, Number = 42 } },
            { $"journal/demo/{Id}/10-123456789.jsonl", session with { Kind = ObjectKind.Journal, Epoch = 10, Number = 123456789 } },
            { $"live/demo/{Id}/audio-de/init-3.mp4", session with { Kind = ObjectKind.Init, Rendition = "audio-de", Number = 3 } },
            { $"live/demo/{Id}/source/12.m4s", session with { Kind = ObjectKind.Segment, Rendition = "source", Number = 12 } },
            { $"live/demo/{Id}/chapters/1-20.chapter", session with { Kind = ObjectKind.IndexBlock, Number = 1, Last = 20 } },
            { $"live/demo/{Id}/chapters/1-20-7.chapter", session with { Kind = ObjectKind.IndexBlock, Number = 1, Last = 20, Epoch = 7 } },
            { $"live/demo/{Id}/thumbnails/10000.jpg", session with { Kind = ObjectKind.SpriteSheet, Number = 10_000 } },
            {
                $"live/demo/{Id}/chapters/1-2000-0a12f09c.chapters",
                session with { Kind = ObjectKind.IndexBlockList, Number = 1, Last = 2000, Checksum = 0x0a12f09c }
            },
            { $"live/demo/{Id}/posters/0.jpg", session with { Kind = ObjectKind.Poster } },
            { $"live/demo/{Id}/source.m3u8", session with { Kind = ObjectKind.MediaPlaylist, Rendition = "source" } },
            { $"live/demo/{Id}/manifest.mpd", session with { Kind = ObjectKind.SessionMpd } },
            { "live/demo/index.m3u8", new ParsedObjectName(ObjectKind.ChannelMultivariantPlaylist) { Channel = Channel } },
            { "live/demo/manifest.mpd", new ParsedObjectName(ObjectKind.ChannelMpd) { Channel = Channel } },
            { $"vod/{Recording}/720p.m3u8", recording with { Kind = ObjectKind.VodMediaPlaylist, Rendition = "720p" } },
            { $"vod/{Recording}/index.m3u8", recording with { Kind = ObjectKind.VodMultivariantPlaylist } },
            { $"vod/{Recording}/manifest.mpd", recording with { Kind = ObjectKind.VodMpd } },

            // A rendition may have the name of another folder, because the extensions differ.
            { $"live/demo/{Id}/chapters/5.m4s", session with { Kind = ObjectKind.Segment, Rendition = "chapters", Number = 5 } },
            { $"live/demo/{Id}/posters/init-1.mp4", session with { Kind = ObjectKind.Init, Rendition = "posters", Number = 1 } },
        };
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void A_known_name_is_parsed_and_formatted(string name, ParsedObjectName expected)
    {
        ObjectNames.TryParse(name, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(expected);
        parsed.Format().Value.ShouldBe(name);
    }

    [Fact]
    public void Every_kind_of_object_has_a_known_name() =>
        Known().Select(row => row.Data.Item2.Kind).Distinct().Order().ShouldBe(Enum.GetValues<ObjectKind>());

    [Fact]
    public void Every_name_round_trips()
    {
        var random = new Random(20301201);
        for (var i = 0; i < 20_000; i++)
        {
            var kind = Enum.GetValues<ObjectKind>()[i % Enum.GetValues<ObjectKind>().Length];
            var isVod = kind is ObjectKind.VodMediaPlaylist or ObjectKind.VodMultivariantPlaylist or ObjectKind.VodMpd;
            var isChannel = kind is ObjectKind.ChannelMpd or ObjectKind.ChannelMultivariantPlaylist;
            var original = new ParsedObjectName(kind)
            {
                Channel = isVod ? default : ChannelName.Parse($"a{Text(random, "abcxyz0189-", random.Next(ChannelName.MaxLength - 1))}b"),
                Session = isVod || isChannel ? default
                    : SessionId.New(DateTimeOffset.UnixEpoch.AddMilliseconds(random.NextInt64(1L << 47))),
                Recording = isVod ? RecordingId.New(DateTimeOffset.UnixEpoch.AddMilliseconds(random.NextInt64(1L << 47))) : default,
                Rendition = kind is ObjectKind.Init or ObjectKind.Segment or ObjectKind.MediaPlaylist or ObjectKind.VodMediaPlaylist
                    ? $"r{Text(random, "abcxyz0189-_", random.Next(ObjectNames.MaxRendition))}" : "",
                Number = kind is ObjectKind.Journal or ObjectKind.Init or ObjectKind.Segment or ObjectKind.IndexBlock
                    or ObjectKind.IndexBlockList or ObjectKind.SpriteSheet or ObjectKind.Poster
                    ? Number(random, kind == ObjectKind.Journal ? 1 : 0) : 0,
                Last = kind is ObjectKind.IndexBlock or ObjectKind.IndexBlockList ? Number(random, 0) : 0,
                Checksum = kind == ObjectKind.IndexBlockList ? (uint)random.NextInt64(1L << 32) : 0,
                Epoch = kind is ObjectKind.IndexBlock or ObjectKind.Journal && i % 2 == 0 ? Number(random, 1) : 0,
            };
            var name = original.Format();
            ObjectNames.TryParse(name, out var parsed).ShouldBeTrue(name.Value);
            parsed.ShouldBe(original);
            parsed.Format().ShouldBe(name);
        }
    }

    [Fact]
    public void An_accepted_name_has_no_other_spelling()
    {
        // Changes of one or two characters, so that many of the names are almost valid.
        var random = new Random(42);
        var known = Known().Select(row => row.Data.Item1).ToList();
        const string Characters = "/.-_ijlmp0189aZ \u0660\u00e9%\\";
        var accepted = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var name = new System.Text.StringBuilder(known[i % known.Count]);
            for (var change = random.Next(1, 3); change > 0; change--)
            {
                var at = random.Next(name.Length);
                _ = random.Next(3) switch
                {
                    0 => name.Remove(at, 1),
                    1 => name.Insert(at, Characters[random.Next(Characters.Length)]),
                    _ => name.Replace(name[at], Characters[random.Next(Characters.Length)], at, 1),
                };
            }

            if (ObjectNames.TryParse(name.ToString(), out var parsed))
            {
                parsed.Format().Value.ShouldBe(name.ToString());
                accepted++;
            }
        }

        accepted.ShouldBeGreaterThan(1000);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("////")]
    [InlineData("live/demo")]
    [InlineData("live/demo/")]
    [InlineData("/live/demo/index.m3u8")]
    [InlineData("live/Demo/index.m3u8")]
    [InlineData("live/demo/status.json")]
    [InlineData("live//index.m3u8")]
    [InlineData("vod/demo/index.m3u8")]
    [InlineData($"vod/{Id}/thumbnails.m3u8")]
    [InlineData($"vod/{Id}/source/1.m4s")]
    [InlineData($"live/demo/{Id}/source/01.m4s")]
    [InlineData($"live/demo/{Id}/source/+1.m4s")]
    [InlineData($"live/demo/{Id}/source/-1.m4s")]
    [InlineData($"live/demo/{Id}/source/1.0.m4s")]
    [InlineData($"live/demo/{Id}/source/i1-1.m4s")]
    [InlineData($"live/demo/{Id}/source/.m4s")]
    [InlineData($"live/demo/{Id}/source/9223372036854775808.m4s")]
    [InlineData($"live/demo/{Id}/source/99999999999999999999.m4s")]
    [InlineData($"live/demo/{Id}/source/init-.mp4")]
    [InlineData($"live/demo/{Id}/source/init-1.m4s")]
    [InlineData($"live/demo/{Id}/source/sub/1.m4s")]
    [InlineData($"live/demo/{Id}/Source/1.m4s")]
    [InlineData($"live/demo/{Id}/-source/1.m4s")]
    [InlineData($"live/demo/{Id}/a234567890123456789012345678901234/1.m4s")]
    [InlineData($"live/demo/{Id}/../1.m4s")]
    [InlineData($"live/demo/{Id}/thumbnails/1.m4s")]
    [InlineData($"live/demo/{Id}/thumbnails/1.jpg/")]
    [InlineData($"live/demo/{Id}/thumbnails/00.jpg")]
    [InlineData($"live/demo/{Id}/thumbnails.m3u8")]
    [InlineData($"live/demo/{Id}/chapters/1.chapter")]
    [InlineData($"live/demo/{Id}/chapters/1-.chapter")]
    [InlineData($"live/demo/{Id}/chapters/1-2-0.chapter")]
    [InlineData($"live/demo/{Id}/chapters/1-2-3-4.chapter")]
    [InlineData($"live/demo/{Id}/chapters/1-2.chapters")]
    [InlineData($"live/demo/{Id}/chapters/1-2-0A12F09C.chapters")]
    [InlineData($"live/demo/{Id}/chapters/1-2-a12f09c.chapters")]
    [InlineData($"live/demo/{Id}/chapters/1-2-0a12f09c-1.chapters")]
    [InlineData("live/demo/01jn8e0000000000000000000a/source/1.m4s")]
    [InlineData($"live/demo/{Id}0/source/1.m4s")]
    [InlineData($"journal/demo/{Id}/1.jsonl")]
    [InlineData($"journal/demo/{Id}/00000000.jsonl")]
    [InlineData($"journal/demo/{Id}/000000001.jsonl")]
    [InlineData($"journal/demo/{Id}/0000000a.jsonl")]
    [InlineData($"journal/demo/{Id}/0000000١.jsonl")]
    [InlineData("journal/demo/00000001.jsonl")]
    public void Other_names_are_rejected(string? name) => ObjectNames.TryParse(name, out _).ShouldBeFalse();

    [Fact]
    public void A_long_name_is_rejected()
    {
        ObjectNames.TryParse(new string('/', 1_000_000), out _).ShouldBeFalse();
        ObjectNames.TryParse($"live/{new string('a', 1_000_000)}/index.m3u8", out _).ShouldBeFalse();
        ObjectNames.TryParse($"live/{new string('a', ChannelName.MaxLength + 1)}/index.m3u8", out _).ShouldBeFalse();
    }

    [Fact]
    public void A_name_that_could_not_be_parsed_is_not_built()
    {
        foreach (var rendition in (string[])["", "Source", "a/b", "..", "thumbnails", new('a', ObjectNames.MaxRendition + 1)])
        {
            Should.Throw<FormatException>(() => Names.Segment(rendition, 1));
            Should.Throw<FormatException>(() => Names.Init(rendition, 1));
            Should.Throw<FormatException>(() => Names.MediaPlaylist(rendition));
        }

        Should.Throw<ArgumentOutOfRangeException>(() => Names.Segment("source", -1));
        Should.Throw<ArgumentOutOfRangeException>(() => Names.IndexBlock(1, -1));
        Should.Throw<ArgumentOutOfRangeException>(() => Names.Journal(1, 0));
    }

    [Fact]
    public void The_name_of_an_image_has_its_time_in_milliseconds()
    {
        Names.SpriteSheet(new MediaTime(900_000, 90_000)).Value.ShouldBe($"live/demo/{Id}/thumbnails/10000.jpg");
        Names.Poster(new MediaTime(-5, 90_000)).Value.ShouldBe($"live/demo/{Id}/posters/0.jpg");
    }

    [Theory]
    [InlineData("init-3.mp4", MediaFileKind.Init, 3, 0, 0)]
    [InlineData("12.m4s", MediaFileKind.Segment, 12, 0, 0)]
    [InlineData("i2-12.m4s", MediaFileKind.Segment, 12, 0, 2)]
    [InlineData("12.0.m4s", MediaFileKind.Part, 12, 0, 0)]
    [InlineData("12.7.m4s", MediaFileKind.Part, 12, 7, 0)]
    public void A_media_file_is_parsed_and_formatted(string file, MediaFileKind kind, long number, int part, int init)
    {
        MediaFile.TryParse(file, out var parsed).ShouldBeTrue();
        parsed.ShouldBe(new MediaFile(kind, number) { Part = part, RequiredInit = init });
        parsed.ToString().ShouldBe(file);
        string.Create(CultureInfo.InvariantCulture, $"{parsed}").ShouldBe(file);
    }

    [Theory]
    [InlineData("i0-12.m4s")]
    [InlineData("i-12.m4s")]
    [InlineData("i2147483648-12.m4s")]
    [InlineData("i1-12.3.m4s")]
    [InlineData("12.2147483648.m4s")]
    [InlineData("12.03.m4s")]
    [InlineData("12..m4s")]
    [InlineData("12.3.4.m4s")]
    [InlineData("init--1.mp4")]
    [InlineData("iframes.m3u8")]
    public void Other_files_are_rejected(string file) => MediaFile.TryParse(file, out _).ShouldBeFalse();

    [Fact]
    public void The_templates_of_MPDs_describe_the_files()
    {
        MediaFile.SegmentTemplate(0).Replace("$Number$", "12", StringComparison.Ordinal).ShouldBe(MediaFile.OfSegment(12).ToString());
        MediaFile.SegmentTemplate(2).Replace("$Number$", "12", StringComparison.Ordinal)
            .ShouldBe((MediaFile.OfSegment(12) with { RequiredInit = 2 }).ToString());
        SessionObjectNames.SpriteSheetTemplate.Replace("$Time$", "5", StringComparison.Ordinal)
            .ShouldBe(SessionObjectNames.SpriteSheetFile(5));
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void Only_public_objects_have_a_media_type(string name, ParsedObjectName parsed)
    {
        var headers = ObjectHeaders.Of(ObjectName.Parse(name));
        headers.ContentType.ShouldBe(parsed.Kind switch
        {
            ObjectKind.Journal or ObjectKind.IndexBlock or ObjectKind.IndexBlockList => ObjectHeaders.Unknown,
            ObjectKind.Init or ObjectKind.Segment => parsed.Rendition == "audio-de" ? "audio/mp4" : "video/mp4",
            ObjectKind.SpriteSheet or ObjectKind.Poster => "image/jpeg",
            ObjectKind.SessionMpd or ObjectKind.ChannelMpd or ObjectKind.VodMpd => "application/dash+xml",
            _ => "application/vnd.apple.mpegurl",
        });
    }

    private static string Text(Random random, string characters, int length) => new(random.GetItems<char>(characters, length));

    private static long Number(Random random, long minimum) => random.NextInt64(minimum, 1L << random.Next(2, 63));
}
