using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Packager.Segmentation;
using static Broadcast.Packager.Tests.Encoder;

namespace Broadcast.Packager.Tests;

public class SegmenterTests
{
    [Theory]
    [InlineData(60, new[] { 2.0, 2.0, 2.0 })]
    [InlineData(30, new[] { 2.0, 2.0, 2.0 })]
    [InlineData(45, new[] { 3.0, 3.0 })]
    [InlineData(50, new[] { 1.667, 1.667, 1.667, 1.0 })]
    [InlineData(90, new[] { 3.0, 3.0 })]
    [InlineData(120, new[] { 3.0, 1.0, 2.0 })]
    [InlineData(1, new[] { 2.0, 2.0, 2.0 })]
    public void Segments_end_at_the_first_sync_sample_after_the_minimum_and_within_the_target(int keyframe, double[] lengths)
    {
        var story = Story.Of(Story.Segmenter(), VideoFrames(6, keyframe));

        story.Lengths("source").ShouldBe(lengths, tolerance: 0.001);
        story.Closed("source").Select(s => s.Segment).ShouldBe(Enumerable.Range(1, lengths.Length).Select(n => (long)n));
    }

    [Fact]
    public void Keyframe_every_8_3_seconds_yields_segments_of_3_seconds_independent_only_at_keyframes()
    {
        var story = Story.Of(Story.Segmenter(), VideoFrames(20, 249));

        story.Lengths("source").ShouldAllBe(length => length <= 3);
        var first = story.Parts("source").GroupBy(p => p.Segment)
            .Select(g => (Segment: g.Key, g.First().Independent, g.First().Start.TotalSeconds)).ToList();
        first.Where(s => s.Independent).Select(s => Math.Round(s.TotalSeconds, 1)).ShouldBe([0, 8.3, 16.6]);
        first.Where(s => !s.Independent).Select(s => Math.Round(s.TotalSeconds, 1)).ShouldBe([3, 6, 11.3, 14.3, 19.6]);
    }

    [Fact]
    public void Single_early_keyframe_ends_a_segment_when_the_next_one_would_be_too_late()
    {
        // At 4, one at 5.2 (a restarted encoder), and as before: waiting from 4 to 7.2 would be too long.
        int[] keys = [0, 60, 120, 156, 216, 276];
        var samples = Enumerable.Range(0, 330).Select(i => Sample(Source, Video, i * 3000, keys.Contains(i)));
        var story = Story.Of(Story.Segmenter(), samples);

        story.Lengths("source").ShouldBe([2, 2, 1.2, 2, 2, 1.8], tolerance: 0.001);
        story.Parts("source").Where(p => p.Number == 0).ShouldAllBe(p => p.Independent);
    }

    [Theory]
    [InlineData(1, 6.0, 3)]
    [InlineData(2, 6.0, 3)]
    [InlineData(1, 6.03, 4)]
    [InlineData(10, 6.0, 4)]
    public void Input_that_ends_just_after_a_segment_boundary_does_not_end_with_a_gap(int frames, double audio, int segments)
    {
        var rung = new Rendition("240p", TrackKind.Video, IsLeading: false);
        var video = VideoFrames(6, 60).Concat(VideoFrames(frames / 30.0 + 0.001, 60, from: 6)).ToList();
        var story = Story.Of(Story.Segmenter(null, null, Source, rung, AudioTrack), Interleave(
            video, video.Select(sample => sample with { Rendition = rung }), Frames(audio)));

        foreach (var rendition in (string[])["source", "240p"])
        {
            story.Closed(rendition).Select(closed => closed.Segment).ShouldBe(Enumerable.Range(1, segments).Select(number => (long)number));
            story.Parts(rendition).Max(part => part.Segment).ShouldBe(segments);
            story.Parts(rendition).Sum(part => part.Media.Samples.Count).ShouldBe(segments == 3 ? 180 : video.Count);
        }

        // The end of half a second is too long to be dropped.
        story.Gaps("audio").Count().ShouldBe(frames == 10 ? 1 : 0);
        story.Gaps("240p").ShouldBeEmpty();
        story.Parts("audio").Sum(part => part.Media.Samples.Count).ShouldBe(Frames(audio).Count());
        story.Cuts.Select(cut => cut switch { SegmenterOutput.Part part => part.Segment, SegmenterOutput.Gap gap => gap.Segment, _ => 0 })
            .Max().ShouldBe(segments);
    }

    [Fact]
    public void End_without_a_frame_of_a_rung_is_dropped_in_all_renditions_and_its_number_is_free()
    {
        var rung = new Rendition("240p", TrackKind.Video, IsLeading: false);
        var segmenter = Story.Segmenter(null, null, Source, rung, AudioTrack);
        var story = Story.Of(segmenter, Interleave(
            VideoFrames(6.04, 60), VideoFrames(6, 60).Select(sample => sample with { Rendition = rung }), Frames(6.04)));

        foreach (var rendition in (string[])["source", "240p", "audio"])
        {
            story.Closed(rendition).Select(closed => closed.Segment).ShouldBe([1, 2, 3]);
            story.Gaps(rendition).ShouldBeEmpty();
        }

        story.Parts("source").Sum(part => part.Media.Samples.Count).ShouldBe(180);
        segmenter.NextSegment.ShouldBe(4);
    }

    [Fact]
    public void Single_frame_without_audio_is_not_dropped()
    {
        var story = Story.Of(Story.Segmenter(), VideoFrames(0.04, 60));
        story.Closed("source").Select(closed => closed.Segment).ShouldBe([1]);
    }

    [Fact]
    public void Samples_before_a_late_leading_rendition_wait_for_it()
    {
        // The video has the same capture time as the audio, delayed by an encoder.
        var audio = Frames(1).ToList();
        var story = Story.Of(Story.Segmenter(), [.. audio, .. VideoFrames(1, 60)]);

        story.Parts("audio").Sum(p => p.Media.Samples.Count).ShouldBe(audio.Count);
        story.Parts("audio").First().Start.TotalSeconds.ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.2)]
    [InlineData(0.2)]
    public void No_rendition_emits_a_segment_before_the_leading_one_at_any_time(double shift)
    {
        // Audio before, with, or after its video; a second period with another configuration begins in the middle.
        var samples = Interleave([.. VideoFrames(5, 60), .. VideoFrames(4, 60, from: 5, track: OtherVideo)], Frames(9));
        samples = [.. samples.OrderBy(sample => sample.Sample.Decode.TotalSeconds + (sample.Rendition == AudioTrack ? shift : 0))];
        var segmenter = Story.Segmenter();
        var (led, parts) = (0L, 0);
        foreach (var sample in samples)
        {
            segmenter.Push(sample);
            Listen();
        }

        segmenter.Finish();
        Listen();
        parts.ShouldBeGreaterThan(30);

        void Listen()
        {
            foreach (var part in segmenter.Output.OfType<SegmenterOutput.Part>())
            {
                led = part.Rendition == "source" ? part.Segment : led;
                part.Segment.ShouldBeLessThanOrEqualTo(led, part.Rendition);
                parts++;
            }

            segmenter.Output.Clear();
        }
    }

    [Fact]
    public void Leading_rendition_without_a_complete_part_holds_the_others_back_until_the_end()
    {
        var segmenter = Story.Segmenter();
        foreach (var sample in Interleave(VideoFrames(0.4, 60), Frames(0.4)))
        {
            segmenter.Push(sample);
        }

        segmenter.Output.ShouldBeEmpty();
        var story = Story.Of(segmenter, []);
        story.Cuts.OfType<SegmenterOutput.Part>().Select(part => part.Rendition).ShouldBe(["source", "audio"]);
    }

    [Fact]
    public void Audio_only_stream_does_not_wait_for_other_renditions()
    {
        var segmenter = Story.Segmenter(null, null, OnlyAudio);
        foreach (var sample in Frames(0.6, rendition: OnlyAudio))
        {
            segmenter.Push(sample);
        }

        segmenter.Output.OfType<SegmenterOutput.Part>().ShouldHaveSingleItem().Segment.ShouldBe(1);
    }

    [Fact]
    public void Safe_profile_cuts_from_6_seconds()
    {
        Story.Of(Story.Segmenter(LatencyProfile.Safe), VideoFrames(20, 60)).Lengths("source").ShouldBe([6, 6, 6, 2]);
    }

    [Fact]
    public void Keyframe_rounded_one_millisecond_early_still_ends_a_segment_of_two_seconds()
    {
        var samples = Enumerable.Range(0, 240)
            .Select(i => Sample(Source, Video, (i * 3000) - (i > 0 && i % 60 == 0 ? 90 : 0), i % 60 == 0));
        Story.Of(Story.Segmenter(), samples).Lengths("source").ShouldBe([1.999, 2, 2, 2.001]);
    }

    [Fact]
    public void Audio_frame_belongs_to_the_segment_in_which_it_starts()
    {
        var story = Story.Of(Story.Segmenter(), Interleave(VideoFrames(8, 60), Frames(8)));

        // The very first audio frame precedes the first video frame here, and is left out.
        foreach (var video in story.Closed("source").Skip(1))
        {
            var audio = story.Closed("audio").Single(s => s.Segment == video.Segment);
            audio.Start.ShouldBeGreaterThanOrEqualTo(video.Start);
            (audio.Start with { Ticks = audio.Start.Ticks - 1024 }).ShouldBeLessThan(video.Start);
        }
    }

    [Fact]
    public void Audio_before_the_first_sync_sample_is_dropped_and_counted()
    {
        var segmenter = Story.Segmenter();
        var story = Story.Of(segmenter, Interleave(Frames(3), VideoFrames(2, 60, from: 1), [Sample(Source, Video, 45_000, sync: false)]));

        segmenter.GetDropped(SampleDropReason.BeforeSync).ShouldBe(1 + 47);
        story.Parts("audio").First().Start.TotalSeconds.ShouldBeInRange(1, 1.0214);
        story.Parts("source").First().Start.TotalSeconds.ShouldBe(1);
    }

    [Fact]
    public void Audio_only_stream_leads_and_is_cut_at_the_minimum()
    {
        var story = Story.Of(Story.Segmenter(renditions: OnlyAudio), Frames(9, rendition: OnlyAudio));

        story.Lengths("audio")[..4].ShouldAllBe(length => length >= 2 && length < 2.03);
        story.Parts("audio").ShouldAllBe(p => p.Independent && p.Duration.TotalSeconds <= 0.5);
    }

    [Fact]
    public void Equal_and_decreasing_decode_times_are_dropped_and_counted()
    {
        var segmenter = Story.Segmenter();
        var story =
            Story.Of(segmenter, [Sample(Source, Video, 0, true), Sample(Source, Video, 3000, false), Sample(Source, Video, 3000, false),
            Sample(Source, Video, 100, false), Sample(Source, Video, long.MaxValue, false, arrival: Noon),
                Sample(Source, Video, long.MinValue, true, arrival: Noon), Sample(Source, Video, 6000, false)]);

        segmenter.GetDropped(SampleDropReason.Disordered).ShouldBe(4);
        story.Parts("source").Single().Media.Samples.Select(s => s.Duration).ShouldBe([3000u, 3000u, 3000u]);
    }

    [Fact]
    public void Composition_offsets_stay_with_their_samples_and_part_starts_are_presentation_times()
    {
        // I P B B with a delay of two frames.
        long[] present = [2, 5, 3, 4, 8, 6, 7];
        var samples = Enumerable.Range(0, 7).Select(i => Sample(Source, Video, i * 3000, i == 0, (present[i] - i) * 3000));
        var part = Story.Of(Story.Segmenter(), samples).Parts("source").Single();

        part.Start.Ticks.ShouldBe(6000);
        part.Media.Decode.ShouldBe(0);
        part.Media.Samples.Select(s => s.CompositionOffset / 3000).ShouldBe([2, 4, 1, 1, 4, 1, 1]);
    }

    [Fact]
    public void Wall_clock_starts_at_arrival_of_the_first_sample_and_then_follows_media_time()
    {
        var late = VideoFrames(6, 60)
            .Select((s, i) => s with { Sample = s.Sample with { Arrival = Noon + TimeSpan.FromMilliseconds(i * i) } });
        var story = Story.Of(Story.Segmenter(), late);

        story.Parts("source").ShouldAllBe(p => Math.Abs((p.WallClock - Noon).TotalSeconds - p.Start.TotalSeconds) < 0.0001);
    }

    [Fact]
    public void Rendition_that_stops_gets_gaps_and_continues_when_its_samples_return()
    {
        var story = Story.Of(Story.Segmenter(), Interleave(VideoFrames(20, 60), Frames(5), Frames(6, from: 14)));

        story.Closed("audio").Select(s => s.Segment).ShouldBe([1, 2, 3, 8, 9, 10]);
        story.Gaps("audio").Select(s => s.Segment).ShouldBe([4, 5, 6, 7]);
        story.Gaps("audio").ShouldAllBe(g => g.Duration.TotalSeconds == 2);
        story.Lengths("audio")[2].ShouldBe(1, tolerance: 0.03);
        story.Discontinuities.ShouldBeEmpty();
    }

    [Fact]
    public void Samples_of_a_segment_already_closed_without_them_are_dropped_and_counted()
    {
        var segmenter = Story.Segmenter();
        Story.Of(segmenter, [.. Interleave(VideoFrames(20, 60), Frames(5)), .. Frames(15, from: 5)]);

        segmenter.GetDropped(SampleDropReason.Late).ShouldBeGreaterThan(500);
    }

    [Fact]
    public void Rendition_that_appears_later_starts_with_the_next_segment()
    {
        var story = Story.Of(Story.Segmenter(renditions: Source), Interleave(VideoFrames(10, 60), Frames(5, from: 5)));

        story.Closed("audio").Select(s => s.Segment).ShouldBe([4, 5]);
        story.Gaps("audio").ShouldBeEmpty();
    }

    [Fact]
    public void Earlier_rendition_that_does_not_return_gets_gaps()
    {
        var start = new SegmenterStart(7, true, new MediaTime(900_000, 90_000),
            [new("source", TrackKind.Video, 90_000), new("audio", TrackKind.Audio, 48_000)]);
        var story = Story.Of(Story.Segmenter(start: start, renditions: OnlyAudio), Frames(6, from: 30, rendition: OnlyAudio));

        story.Discontinuities.ShouldBe([7]);
        story.Closed("audio").Select(s => s.Segment).ShouldBe([7, 8, 9]);
        story.Gaps("source").Select(s => s.Segment).ShouldBe([7, 8, 9]);
    }

    [Fact]
    public void Period_that_starts_before_the_end_of_existing_media_is_shifted_behind_it()
    {
        var start = new SegmenterStart(7, true, new MediaTime(900_001, 90_000),
            [new("source", TrackKind.Video, 90_000), new("audio", TrackKind.Audio, 48_000)]);
        var story = Story.Of(Story.Segmenter(start: start), Interleave(VideoFrames(6, 60, from: 4), Frames(6, from: 4)));

        story.Parts("source").First().Media.Decode.ShouldBe(900_001);
        story.Parts("audio").First().Start.TotalSeconds.ShouldBeInRange(10, 10.03);
        Gapless(story, "source");
        Gapless(story, "audio");
    }

    [Fact]
    public void New_video_configuration_cuts_immediately_with_a_discontinuity_for_all_renditions()
    {
        var story = Story.Of(Story.Segmenter(), Interleave(VideoFrames(3, 30), VideoFrames(4, 60, from: 3, track: OtherVideo), Frames(7)));

        story.Discontinuities.ShouldBe([3]);
        story.Lengths("source").ShouldBe([2, 1, 2, 2]);
        story.Parts("source").Where(p => p.Segment < 3).ShouldAllBe(p => p.Media.Track == Video);
        story.Parts("source").Where(p => p.Segment >= 3).ShouldAllBe(p => p.Media.Track == OtherVideo);
        story.Closed("audio").Select(s => s.Segment).ShouldBe([1, 2, 3, 4]);
    }

    [Fact]
    public void Frames_of_a_new_configuration_are_dropped_until_its_first_sync_sample()
    {
        var segmenter = Story.Segmenter();
        var samples = VideoFrames(3, 30).Concat(VideoFrames(4, 60, from: 3, track: OtherVideo)
            .Select((s, i) => i == 0 ? s with { Sample = s.Sample with { IsSync = false } } : s));
        var story = Story.Of(segmenter, samples);

        segmenter.GetDropped(SampleDropReason.BeforeSync).ShouldBe(60);
        story.Parts("source").First(p => p.Media.Track == OtherVideo).Start.TotalSeconds.ShouldBe(5);
        story.Discontinuities.ShouldBe([3]);
    }

    [Fact]
    public void New_audio_configuration_takes_effect_with_the_next_segment_and_a_discontinuity()
    {
        var segmenter = Story.Segmenter();
        var story = Story.Of(segmenter, Interleave(VideoFrames(8, 60), Frames(3), Frames(5, from: 3.01, track: OtherAudio)));

        story.Discontinuities.ShouldBe([3]);
        story.Parts("audio").Where(p => p.Segment <= 2).ShouldAllBe(p => p.Media.Track == Audio);
        story.Parts("audio").Where(p => p.Segment >= 3).ShouldAllBe(p => p.Media.Track == OtherAudio);
        story.Closed("audio").Select(s => s.Segment).ShouldBe([1, 2, 3, 4]);
        segmenter.GetDropped(SampleDropReason.ConfigurationChange).ShouldBe(43);
    }

    [Fact]
    public void New_audio_configuration_at_a_segment_start_puts_its_discontinuity_there_and_loses_nothing()
    {
        var segmenter = Story.Segmenter();
        var story = Story.Of(segmenter, Interleave(VideoFrames(8, 60), Frames(4), Frames(4, from: 4.01, track: OtherAudio)));

        story.Discontinuities.ShouldBe([3]);
        story.Parts("audio").ShouldAllBe(p => p.Media.Track == (p.Segment <= 2 ? Audio : OtherAudio));
        story.Closed("audio").Sum(s => s.Duration.TotalSeconds).ShouldBe(8, 0.05);
        segmenter.GetDropped(SampleDropReason.ConfigurationChange).ShouldBe(0);
    }

    [Fact]
    public void New_audio_configuration_waits_for_the_next_keyframe_and_may_shorten_the_segment()
    {
        var story = Story.Of(Story.Segmenter(), Interleave(VideoFrames(8, 30), Frames(2.5), Frames(5.5, from: 2.51, track: OtherAudio)));

        story.Discontinuities.ShouldBe([3]);
        story.Lengths("source").ShouldBe([2, 1, 2, 2, 1]);
        story.Parts("audio").ShouldAllBe(p => p.Media.Track == (p.Segment <= 2 ? Audio : OtherAudio));
    }

    [Fact]
    public void Jump_of_the_leading_rendition_starts_a_new_period_instead_of_an_endless_segment()
    {
        var story =
            Story.Of(Story.Segmenter(), Interleave(VideoFrames(5, 60), Frames(5), VideoFrames(4, 60, from: 60), Frames(4, from: 60)));

        story.Discontinuities.ShouldBe([4]);
        story.Lengths("source").ShouldBe([2, 2, 1, 2, 2]);
        story.Lengths("audio").ShouldAllBe(length => length < 3.03);
        story.Parts("source").First(p => p.Segment == 4).Start.TotalSeconds.ShouldBe(60);
    }

    [Fact]
    public void Audio_replaces_stopped_video_as_the_leader_until_its_next_sync_sample()
    {
        var story = Story.Of(Story.Segmenter(), Interleave(VideoFrames(4, 60), Frames(24), VideoFrames(6, 60, from: 18)));

        var audio = story.Closed("audio").ToList();
        audio.Select(s => s.Segment).ShouldBe(Enumerable.Range(1, audio.Count).Select(n => (long)n));
        audio.Sum(s => s.Duration.TotalSeconds).ShouldBeGreaterThan(23);
        audio.ShouldAllBe(s => s.Duration.TotalSeconds < 3.03);
        story.Gaps("source").Count().ShouldBeInRange(6, 9);
        story.Discontinuities.Count().ShouldBe(2);
        story.Closed("source").Sum(s => s.Duration.TotalSeconds).ShouldBe(10, tolerance: 0.01);
    }

    [Fact]
    public void Announced_video_that_never_arrives_does_not_block_audio()
    {
        var story = Story.Of(Story.Segmenter(), Frames(20));

        story.Closed("audio").Sum(s => s.Duration.TotalSeconds).ShouldBeGreaterThan(13);
        story.Cuts.OfType<SegmenterOutput.Gap>().ShouldBeEmpty();
    }

    [Fact]
    public void Renditions_beyond_the_limit_are_dropped()
    {
        var segmenter = new Segmenter(Encoder.Latency, new SegmenterLimits(MaxRenditions: 2), SegmenterStart.Empty, [Source, AudioTrack]);
        Story.Of(segmenter, [.. VideoFrames(1, 30), .. Frames(1, rendition: new Rendition("audio-2", TrackKind.Audio, false))]);

        segmenter.GetDropped(SampleDropReason.TooManyRenditions).ShouldBe(47);
    }

    [Fact]
    public void Samples_waiting_for_a_leader_whose_timestamps_crawl_are_limited_in_bytes()
    {
        var other = new Rendition("720p", TrackKind.Video, IsLeading: false);
        var track = Video with { Id = 3 };
        var segmenter = Story.Segmenter(null, null, Source, other);
        const int size = 1 << 20;
        var payload = new byte[size];
        for (var i = 0; i < 1000; i++)
        {
            var arrival = Noon.AddMilliseconds(i * 33);
            segmenter.Push(Sample(Source, Video, i < 30 ? i * 3000 : 90_000 + i, sync: i == 0, arrival: arrival));
            var sample = Sample(other, track, i * 3000, sync: i % 60 == 0, arrival: arrival);
            segmenter.Push(sample with { Sample = sample.Sample with { Payload = payload } });
        }

        var story = Story.Of(segmenter, []);
        var packaged = story.Parts("720p").Sum(part => part.Media.Samples.Count);
        packaged.ShouldBeInRange(30, 30 + 32 + 2, "32 MiB wait for the leader");
        segmenter.GetDropped(SampleDropReason.Waiting).ShouldBeGreaterThan(900);
    }

    [Fact]
    public void Rendition_that_lost_waiting_samples_continues_with_a_sync_sample_when_the_leader_catches_up()
    {
        var other = new Rendition("720p", TrackKind.Video, IsLeading: false);
        var track = Video with { Id = 3 };
        var segmenter = new Segmenter(Encoder.Latency, new SegmenterLimits(MaxWaitingSamples: 90), SegmenterStart.Empty, [Source, other]);
        var leader = VideoFrames(8, 60).ToList();
        List<RenditionSample> ahead = [.. Enumerable.Range(0, 240).Select(i => Sample(other, track, i * 3000, i % 60 == 0, arrival: Noon))];
        var story = Story.Of(segmenter, [.. leader.Take(1), .. ahead.Take(150), .. leader.Skip(1).Take(149),
            .. Interleave(leader.Skip(150), ahead.Skip(150))]);

        story.Parts("720p").Sum(part => part.Media.Samples.Count).ShouldBe(91 + 60, "frames 0 to 90, and from the keyframe at 6 s on");
        segmenter.GetDropped(SampleDropReason.Waiting).ShouldBe(180 - 91);
    }

    [Fact]
    public void Renditions_of_returning_encoders_are_limited_per_session_and_the_leader_is_always_packaged()
    {
        List<KnownRendition> known = [.. Enumerable.Range(0, 32).Select(i => new KnownRendition($"{i}p", TrackKind.Video, 90_000))];
        var start = new SegmenterStart(2, true, new MediaTime(180_000, 90_000), known);
        var other = new Rendition("720p", TrackKind.Video, IsLeading: false);
        var segmenter = Story.Segmenter(null, start, Source, other, new Rendition("7p", TrackKind.Video, IsLeading: false));
        var samples = VideoFrames(4, 60).SelectMany(sample => (RenditionSample[])[sample, sample with { Rendition = other }]);
        var story = Story.Of(segmenter, samples);

        story.Closed("source").ShouldNotBeEmpty();
        story.Parts("720p").ShouldBeEmpty();
        segmenter.GetDropped(SampleDropReason.TooManyRenditions).ShouldBe(120);
    }

    internal static void Gapless(Story story, string rendition)
    {
        long? end = null;
        var gap = false;
        long segment = 0;
        foreach (var cut in story.Cuts)
        {
            switch (cut)
            {
                case SegmenterOutput.Gap g when g.Rendition == rendition:
                    g.Segment.ShouldBe(segment == 0 ? g.Segment : segment + 1);
                    (gap, segment) = (true, g.Segment);
                    break;
                case SegmenterOutput.Discontinuity:
                    gap = true;
                    break;
                case SegmenterOutput.Part p when p.Rendition == rendition:
                    if (end is { } expected && !gap)
                    {
                        p.Media.Decode.ShouldBe(expected);
                    }

                    p.Media.Decode.ShouldBeGreaterThanOrEqualTo(end ?? 0);
                    end = p.Media.Decode + p.Media.Samples.Sum(s => (long)s.Duration);
                    gap = false;
                    break;
                case SegmenterOutput.Closed c when c.Rendition == rendition:
                    c.Segment.ShouldBe(segment == 0 ? c.Segment : segment + 1);
                    segment = c.Segment;
                    break;
            }
        }
    }
}
