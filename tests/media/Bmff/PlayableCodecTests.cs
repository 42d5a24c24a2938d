using System.Text.Json;
using Broadcast.Media.Bmff;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Real media of every codec: parsed properties compared with ffprobe's, and written files compared with ffmpeg's.</summary>
public sealed class PlayableCodecTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"broadcast-codec-{Guid.NewGuid():N}.mp4");

    public static TheoryData<string> Recipes => [.. CodedTrack.Recipes.Keys];

    public void Dispose() => File.Delete(_file);

    [Theory, MemberData(nameof(Recipes))]
    public async Task Samples_parsed_from_their_own_bits_match_ffmpeg(string recipe)
    {
        var media = await MakeAsync(recipe);
        var config = media.Track.Config;
        media.Samples.Count.ShouldBeGreaterThan(8);
        foreach (var (_, said, payload) in media.Samples.SkipLast(1))
        {
            config.TryInspect(payload.Span, out var frame).ShouldBeTrue();
            frame.IsSync.ShouldBe(said.IsSync);
            frame.Samples.ShouldBe(config.AudioFormat is { } audio
                ? (int)((long)said.Duration * audio.SampleRate / media.Track.Timescale) : 0);
            if (frame.IsSync)
            {
                config.CompleteFrom(payload.Span).ShouldBeSameAs(config, "a record of ffmpeg's says what its samples say");
            }
        }

        media.Samples.Count(sample => sample.Said.IsSync).ShouldBeInRange(2, config.Kind == TrackKind.Video ? 4 : media.Samples.Count);
    }

    [Fact]
    public async Task Frames_that_reference_frames_before_their_sync_sample_are_detected()
    {
        var media = await MakeAsync("hvc1 open");
        var skipped = media.Samples.Where(sample => media.Track.Config.TryInspect(sample.Payload.Span, out var frame) && frame.IsSkipped)
            .ToList();
        skipped.ShouldNotBeEmpty();
        skipped.ShouldAllBe(sample => media.Samples.Any(
            sync => sync.Said.IsSync && sync.Decode < sample.Decode
            && sync.Decode + sync.Said.CompositionOffset > sample.Decode + sample.Said.CompositionOffset));
    }

    [Theory, MemberData(nameof(Recipes))]
    public async Task Written_media_decodes_with_the_written_times(string recipe)
    {
        var media = await MakeAsync(recipe);
        Write(media);

        var json = await Tool.RunAsync("ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_packets", "-of", "json", _file);
        using var document = JsonDocument.Parse(json);
        var stream = document.RootElement.GetProperty("streams")[0];
        stream.GetProperty("codec_tag_string").GetString().ShouldBe(recipe.Split(' ')[0]);
        stream.GetProperty("time_base").GetString().ShouldBe($"1/{media.Track.Timescale}");
        if (media.Track.Config.AudioFormat is { } audio)
        {
            stream.GetProperty("channels").GetInt32().ShouldBe(audio.Channels);
            stream.GetProperty("sample_rate").GetString().ShouldBe("48000");
        }
        else
        {
            (stream.GetProperty("width").GetInt32(), stream.GetProperty("height").GetInt32()).ShouldBe((320, 180));
            stream.GetProperty("nb_read_frames").GetString().ShouldBe($"{media.Samples.Count}");
        }

        var packets = document.RootElement.GetProperty("packets").EnumerateArray().ToList();
        packets.Select(packet => packet.GetProperty("flags").GetString()!.StartsWith('K'))
            .ShouldBe(media.Samples.Select(sample => sample.Said.IsSync));
        packets.Select(packet => packet.GetProperty("dts").GetInt64())
            .ShouldBe(media.Samples.Select(sample => sample.Decode + media.Track.Timescale));
        await Tool.RunAsync("ffmpeg", "-nostdin", "-v", "warning", "-xerror", "-i", _file, "-f", "null", "-");
    }

    [Theory]
    [InlineData("hvc1", "hvc1.1.6.L60.90")]
    [InlineData("hvc1 open", "hvc1.2.4.L60.90")]
    [InlineData("av01", "av01.0.00M.08")]
    [InlineData("vp09", "vp09.00.11.08")]
    [InlineData("Opus", "opus")]
    [InlineData("fLaC", "fLaC")]
    [InlineData("ac-3", "ac-3")]
    [InlineData("ec-3", "ec-3")]
    public async Task Codec_strings_of_real_encoders_are_correct(string recipe, string codec) =>
    (await MakeAsync(recipe)).Track.Config.CodecString.ShouldBe(codec);

    private static Task<CodedTrack> MakeAsync(string recipe) => CodedTrack.MakeAsync(recipe, seconds: 1.2, keyframeSeconds: 0.48);

    /// <summary>One CMAF chunk per sample, starting at one second.</summary>
    private void Write(CodedTrack media)
    {
        using var file = File.Create(_file);
        file.Write(InitSegmentWriter.Write(media.Track));
        var writer = new FragmentWriter();
        uint sequence = 1;
        foreach (var (decode, said, payload) in media.Samples)
        {
            var header = new FragmentHeader(sequence++, decode + media.Track.Timescale,
                said.IsSync ? SegmentTypeBox.Segment : SegmentTypeBox.None);
            file.Write(writer.Write(header, [said]));
            file.Write(payload.Span);
        }
    }
}
