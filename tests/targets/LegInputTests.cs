using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Publisher;
using Broadcast.Targets.Messages;
using Shouldly;
using Xunit;

namespace Broadcast.Targets.Tests;

/// <summary>Selection and timestamps of the messages of one target.</summary>
public sealed class LegInputTests
{
    [Fact]
    public void Publication_begins_at_a_keyframe_with_timestamp_zero_and_the_configurations()
    {
        var (source, input) = (new SampleSource(), new LegInput("source") { HasVideo = true });
        source.Frames(10).ToList();
        Convert(input, source.Frames(10)).ShouldBeEmpty("no keyframe yet");

        var tags = Convert(input, source.Frames(30));

        tags.Take(3).Select(tag => (tag.Type, tag.Timestamp, tag.IsConfiguration))
            .ShouldBe([(18, 0u, false), (9, 0u, true), (9, 0u, false)]);
        tags[2].Body.Span[0].ShouldBe((byte)0x17);
        tags.Count(tag => tag.IsConfiguration).ShouldBe(2, "one of video, one of audio");
        tags.Where(tag => tag.IsVideo && !tag.IsConfiguration).Select(tag => tag.Timestamp)
            .ShouldBe(Enumerable.Range(0, 25).Select(i => (uint)i * 40));
        tags.Where(tag => tag.IsAudio && !tag.IsConfiguration).First().Timestamp.ShouldBeLessThan(22u);
    }

    [Fact]
    public void Timestamps_never_go_back_and_continue_after_an_outage()
    {
        var (source, input) = (new SampleSource(), new LegInput("source") { HasVideo = true });
        var tags = Convert(input, source.Frames(50));
        source.Skip(TimeSpan.FromMinutes(10));
        source.Change(SampleSource.Changed);
        tags.AddRange(Convert(input, source.Frames(50)));

        foreach (var kind in (byte[])[8, 9])
        {
            var times = tags.Where(tag => tag.Type == kind).Select(tag => tag.Timestamp).ToList();
            times.ShouldBe(times.Order());
            times[^1].ShouldBeInRange(602_000u, 604_000u);
        }

        tags.Where(tag => tag.IsVideo && tag.IsConfiguration).Select(tag => tag.Timestamp).ShouldBe([0u, 602_000u]);
    }

    [Fact]
    public void Earlier_decode_time_does_not_move_timestamps_back()
    {
        var input = new LegInput("source") { HasVideo = true };
        var frames = new SampleSource().Frames(50).Where(item => item.Rendition.Kind == TrackKind.Video).ToList();
        Convert(input, frames.Take(30));

        Convert(input, frames.Skip(20).Take(5)).Select(tag => tag.Timestamp).ShouldAllBe(time => time == 29 * 40);
    }

    [Fact]
    public void Restarted_publication_begins_again_at_zero()
    {
        var (source, input) = (new SampleSource(), new LegInput("source") { HasVideo = true });
        Convert(input, source.Frames(60));
        input.HasBegun.ShouldBeTrue();
        input.Restart();
        input.HasBegun.ShouldBeFalse();

        var tags = Convert(input, source.Frames(30));
        tags[0].Timestamp.ShouldBe(0u);
        tags.Count(tag => tag.IsConfiguration).ShouldBe(2);
        tags.First(tag => tag.IsVideo && !tag.IsConfiguration).Body.Span[0].ShouldBe((byte)0x17);
    }

    [Fact]
    public void Main_audio_rendition_is_sent_whatever_arrives_first_and_is_chosen_again_for_other_renditions()
    {
        var input = new LegInput("source") { HasVideo = true };
        var (encoder, slate) = (new object(), new object());
        var audio = new SampleSource().Frames(1).First(item => item.Rendition.Kind == TrackKind.Audio);
        var (other, third) = (With("audio-2"), With("audio-3"));

        input.Takes(other, encoder).ShouldBeTrue("it is the only one so far");
        input.Takes(third, encoder).ShouldBeFalse();
        input.Takes(audio, encoder).ShouldBeTrue();
        input.Takes(other, encoder).ShouldBeFalse("one rendition is sent");
        input.Takes(third, slate).ShouldBeTrue("the slate has no other");

        RenditionSample With(string name) => audio with { Rendition = audio.Rendition with { Name = name } };
    }

    [Fact]
    public void Video_with_a_new_configuration_begins_at_a_keyframe_and_with_new_metadata()
    {
        var (source, input) = (new SampleSource(), new LegInput("source") { HasVideo = true });
        Convert(input, source.Frames(30));
        source.Change(SampleSource.Changed);

        var tags = Convert(input, source.Frames(50)).Where(tag => !tag.IsAudio).ToList();

        tags.Take(3).Select(tag => (tag.Type, tag.IsConfiguration)).ShouldBe([(18, false), (9, true), (9, false)]);
        tags[2].Body.Span[0].ShouldBe((byte)0x17);
        tags.Count(tag => tag.IsVideo && !tag.IsConfiguration).ShouldBe(30, "20 frames before the keyframe cannot be decoded");
    }

    [Fact]
    public void Session_without_video_begins_with_any_audio_frame()
    {
        var input = new LegInput("source") { HasVideo = false };
        var audio = new SampleSource().Frames(25).Where(item => item.Rendition.Kind == TrackKind.Audio);

        var tags = Convert(input, audio);
        tags[0].Type.ShouldBe((byte)18);
        tags[1].IsConfiguration.ShouldBeTrue();
        tags.Count(tag => tag.IsAudio && !tag.IsConfiguration).ShouldBe(47);
    }

    [Fact]
    public void Other_renditions_and_other_audio_are_not_taken()
    {
        var (input, items) = (new LegInput("720p"), new SampleSource().Frames(2).ToList());
        var (video, audio) = (items[0], items[1]);

        input.Takes(video).ShouldBeFalse("it is the source");
        input.Takes(video with { Rendition = video.Rendition with { Name = "720p" } }).ShouldBeTrue();
        input.Takes(audio).ShouldBeTrue();
        input.Takes(audio with { Rendition = audio.Rendition with { Name = "audio-de" } }).ShouldBeFalse("one audio track");
        input.VideoConfig.ShouldBe(SampleSource.Avc);
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(3600, 0, 0, 40)]
    [InlineData(-3600, 0xFF, 0xFF, 0xD8)]
    [InlineData(45, 0, 0, 1)]
    [InlineData(44, 0, 0, 0)]
    public void Composition_offset_is_rounded_to_milliseconds(int ticks, byte high, byte middle, byte low)
    {
        var sample = new SampleSource().Frames(1).First().Sample;
        var moved = sample with { Present = sample.Decode + new MediaTime(ticks, MediaTime.VideoTimescale) };

        var frame = FlvMessages.Frame(moved);
        var body = frame.Body.Span;
        (body[0], body[1], body[2], body[3], body[4]).ShouldBe(((byte)0x17, (byte)1, high, middle, low));
        frame.Rest.Span.SequenceEqual(sample.Payload.Span).ShouldBeTrue();
    }

    private static List<FlvTag> Convert(LegInput input, IEnumerable<RenditionSample> items)
    {
        var tags = new List<FlvTag>();
        foreach (var item in items)
        {
            input.Takes(item).ShouldBeTrue();
            tags.AddRange(input.Convert(item.Sample, FlvMessages.Frame(item.Sample)));
        }

        return tags;
    }
}
