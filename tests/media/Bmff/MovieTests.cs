using Broadcast.Media.Bmff;
using Broadcast.Media.Codecs;
using Broadcast.Media.Tests.Codecs;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

/// <summary>Segments laid out as one classic MP4 file: the content of its tables, byte for byte.</summary>
public sealed class MovieTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly MovieTrackSetup Audio = SetupOf(new Track(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000, "de-CH"));
    private static readonly MovieTrackSetup OtherAudio = SetupOf(new Track(2, CodecConfig.Aac.Parse([0x12, 0x10]), 44_100));
    private static readonly MovieTrackSetup Frames =
        SetupOf(new Track(1, CodecConfig.Avc.Parse(Convert.FromHexString(AvcRecords.High1080P30)), 90_000));

    private static MovieTrackSetup SetupOf(Track track) => MovieTrackSetup.Read(InitSegmentWriter.Write(track));

    private static List<SourceSample> Samples(long decode, int count, uint duration = 1024, int offset = 0, int seed = 1)
    {
        var random = new Random(seed);
        var samples = new List<SourceSample>();
        for (var i = 0; i < count; i++, decode += duration)
        {
            var payload = new byte[random.Next(1, 40)];
            random.NextBytes(payload);
            samples.Add(new SourceSample(decode, new FragmentSample(duration, payload.Length, true, offset), payload));
        }

        return samples;
    }

    /// <summary>Random samples: any durations, sizes, orders and sync flags, with gaps and steps back between segments.</summary>
    private static List<List<SourceSample>> Any(Random random)
    {
        var segments = new List<List<SourceSample>>();
        var decode = random.NextInt64(1, 1L << 40);
        var (regular, reorders, syncs) = (random.Next(2) == 0, random.Next(2) == 0, random.Next(3));
        for (var count = random.Next(1, 8); count > 0; count--)
        {
            var samples = new List<SourceSample>();
            for (var left = random.Next(1, 30); left > 0; left--)
            {
                var payload = new byte[random.Next(6)];
                random.NextBytes(payload);
                var said = new FragmentSample(
                    regular ? 3000 : (uint)random.Next(0, 5000), payload.Length, syncs == 0
                    || (syncs == 1 ? samples.Count == 0 : random.Next(2) == 0),
                    reorders ? random.Next(-9000, 9000) : 0);
                samples.Add(new SourceSample(decode, said, payload));
                decode += said.Duration;
            }

            segments.Add(samples);
            decode = Math.Max(0, decode + (random.Next(4) switch { 0 => random.Next(500_000), 1 => -random.Next(20_000), _ => 0 }));
        }

        return segments;
    }

    [Fact]
    public void Samples_keep_their_bytes_sizes_and_presentation_times_with_any_chunk_layout()
    {
        for (var seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            var tracks = Enumerable.Range(0, random.Next(1, 3)).Select(_ => Any(random)).ToList();
            byte[] Make(Func<int> chunkSize, out MovieLayout layout)
            {
                var source = new MovieSource(tracks.Count);
                for (var i = 0; i < tracks.Max(track => track.Count); i++)
                {
                    for (var track = 0; track < tracks.Count; track++)
                    {
                        if (i < tracks[track].Count)
                        {
                            source.Add(track, track == 0 ? Frames : Audio, tracks[track][i], chunkSize);
                        }
                    }
                }

                layout = source.Builder.Build(Noon);
                return source.Assemble(layout);
            }

            var movie = Make(() => random.Next(1, 9), out var layout);
            movie.Length.ShouldBe((int)layout.Length);
            Make(() => 1, out _).ShouldBe(movie, $"seed {seed}: one sample a chunk");
            Make(() => 1000, out var coarse).ShouldBe(movie, $"seed {seed}: one chunk a segment");
            coarse.Count.ShouldBeLessThanOrEqualTo(layout.Count);
            var read = MovieReading.Read(movie);
            read.Count.ShouldBe(tracks.Count);
            for (var track = 0; track < tracks.Count; track++)
            {
                Compare(movie, read[track], [.. tracks[track].SelectMany(segment => segment)], $"seed {seed} track {track}");
            }

            read.Min(track => track.Delay).ShouldBe(0, "something is presented at once");
        }
    }

    private static void Compare(byte[] movie, ReadTrack track, List<SourceSample> samples, string what)
    {
        track.Samples.Count.ShouldBe(samples.Count, what);
        var earliest = samples.Min(sample => sample.Present);
        for (var i = 0; i < samples.Count; i++)
        {
            var (read, source) = (track.Samples[i], samples[i]);
            track.ShownAt(read).ShouldBe(source.Present - earliest, $"{what} sample {i}");
            (read.Size, read.IsSync).ShouldBe((source.Payload.Length, source.Said.IsSync), $"{what} sample {i}");
            movie.AsSpan((int)read.Offset, read.Size).SequenceEqual(source.Payload).ShouldBeTrue($"{what} sample {i}");
            (i == 0 || read.Decode > track.Samples[i - 1].Decode).ShouldBeTrue($"{what} sample {i}: decode times rise");
        }

        track.Samples[0].Decode.ShouldBe(0);
        track.Duration.ShouldBe(track.Samples[^1].Decode + track.Samples[^1].Duration);
        var end = samples.Max(sample => sample.Present + sample.Said.Duration) - earliest;
        (track.Shown - track.Delay).ShouldBe(((end * 90_000) + track.Timescale - 1) / track.Timescale, what);
    }

    [Fact]
    public void Tracks_keep_their_offset_and_the_movie_starts_with_the_first()
    {
        var source = new MovieSource(2).Add(0, Frames, Samples(900_000, 4, 3000, offset: 6000), () => 2)
            .Add(1, Audio, Samples(480_960, 8), () => 3);
        var tracks = MovieReading.Read(source.Builder.Build(Noon).Head.Span);
        // Video is presented from 10.0667 s, audio from 10.02 s.
        (tracks[0].Handler, tracks[0].Delay, tracks[0].Edits[^1].MediaTime).ShouldBe(("vide", 4200, 6000));
        (tracks[1].Delay, tracks[1].Edits.Count).ShouldBe((0, 0));
        (tracks[0].Shown, tracks[1].Shown).ShouldBe((4200 + 12_000, 8 * 1920));
    }

    [Fact]
    public void Sample_before_a_gap_lasts_until_the_gap_ends()
    {
        var source = new MovieSource().Add(0, Audio, Samples(0, 10), () => 4).Add(0, Audio, Samples(480_000, 10), () => 4);
        var track = MovieReading.Read(source.Builder.Build(Noon).Head.Span).ShouldHaveSingleItem();
        track.Samples[9].Duration.ShouldBe(480_000u - (9 * 1024));
        track.Samples[10].Decode.ShouldBe(480_000);
        track.Duration.ShouldBe(480_000 + (10 * 1024));
        track.Edits.ShouldBeEmpty();
    }

    [Fact]
    public void Changed_configuration_adds_a_sample_entry_and_a_returning_one_does_not()
    {
        var source = new MovieSource().Add(0, Audio, Samples(0, 10), () => 4).Add(0, OtherAudio, Samples(44_100, 441), () => 4)
            .Add(0, SetupOf(new Track(2, CodecConfig.Aac.Parse([0x11, 0x90]), 48_000)), Samples(1_000_000, 10), () => 4);
        var track = MovieReading.Read(source.Builder.Build(Noon).Head.Span).ShouldHaveSingleItem();
        (track.Descriptions, track.Timescale).ShouldBe((2, 48_000));
        track.Samples.Select(sample => sample.Description).Distinct().ShouldBe([1, 2]);
        track.Samples[^1].Description.ShouldBe(1);
        track.Samples[10].Decode.ShouldBe(48_000, "times of 44.1 kHz are converted to 48 kHz");
        track.Samples[10 + 440].Decode.ShouldBe(48_000 + (440L * 1024 * 48_000 / 44_100));
    }

    [Fact]
    public void Languages_sizes_and_the_broadcast_time_are_written()
    {
        var head = new MovieSource(2).Add(1, Audio, Samples(0, 10), () => 4).Builder.Build(Noon).Head;
        BoxTree.Describe(head.Span[..^8]).ShouldNotContain("edts");
        var mvhd = new BoxFields(BoxReader.Find(head.Span[..^8], "moov/mvhd"u8), "mvhd");
        mvhd.FullBox();
        DateTimeOffset.UnixEpoch.AddSeconds(mvhd.UInt32() - 2_082_844_800L).ShouldBe(Noon);
        System.Text.Encoding.ASCII.GetString(BoxReader.Find(head.Span[..^8], "moov/trak/mdia/elng"u8)[4..]).ShouldBe("de-CH\0");
        MovieReading.Read(head.Span).ShouldHaveSingleItem().Handler.ShouldBe("soun", "a track without samples is none");
    }

    [Fact]
    public void Twelve_hours_have_tables_of_about_thirty_megabytes_and_payloads_beyond_four_gigabytes()
    {
        const int Segments = 12 * 60 * 30;
        var builder = new MovieBuilder(128 << 20);
        var (video, audio) = (builder.AddTrack(), builder.AddTrack());
        // Times in milliseconds, as in RTMP, and B-frames: no two adjacent frames are alike.
        var frames = new FragmentSample[60];
        for (var i = 0; i < 60; i++)
        {
            frames[i] = new FragmentSample(i % 3 == 2 ? 3060u : 2970u, i == 0 ? 100_000 : 20_000 + i, i == 0, (i % 3) * 3000);
        }

        var audioFrames = Enumerable.Range(0, 94).Select(i => new FragmentSample(1024, 300 + (i % 7), true)).ToArray();
        var (frameBytes, audioBytes) = (frames.Sum(sample => sample.Size), audioFrames.Sum(sample => sample.Size));
        for (var i = 0; i < Segments; i++)
        {
            builder.Add(video, Frames, 2 * i,
                [new FragmentMetadata(i * 180_000L, frames[..30], 600, frames[..30].Sum(sample => sample.Size), 700_000),
                    new FragmentMetadata((i * 180_000L) + 90_000, frames[30..], 700_600, frames[30..].Sum(sample => sample.Size),
                        1_400_000)]);
            builder.Add(audio, Audio, (2 * i) + 1, [new FragmentMetadata(i * 96_256L, audioFrames, 600, audioBytes, 40_000)]);
        }

        var layout = builder.Build(Noon);
        layout.Bytes.ShouldBeInRange(25_000_000, 40_000_000);
        layout.Length.ShouldBe(layout.Head.Length + (Segments * (long)(frameBytes + audioBytes)));
        layout.Length.ShouldBeGreaterThan(1L << 34);
        layout.Count.ShouldBe(3 * Segments);
        BoxHeader.TryRead(layout.Head.Span[^16..], out var mdat).ShouldBeTrue();
        (mdat.Type.ToString(), mdat.HeaderLength, mdat.Length).ShouldBe(("mdat", 16, layout.Length - layout.Head.Length + 16));
        var tracks = MovieReading.Read(layout.Head.Span[..^16]);
        var last = tracks[1].Samples[^1];
        (last.Offset + last.Size).ShouldBe(layout.Length);
        tracks[0].Duration.ShouldBe(12 * 3600 * 90_000L);
        for (var position = (long)layout.Head.Length; position < layout.Length; position += 97_654_321)
        {
            var slice = layout[layout.Find(position)];
            (slice.Start <= position && position < slice.End).ShouldBeTrue();
        }
    }

    [Fact]
    public void Movie_that_is_too_large_or_cannot_be_encoded_is_rejected()
    {
        var small = new MovieSource(maxBytes: 2000).Add(0, Audio, Samples(0, 100), () => 4);
        Should.Throw<MovieTooLongException>(() => small.Add(0, Audio, Samples(480_000, 1000), () => 4)).Message.ShouldContain("2000");
        Should.Throw<InvalidBmffException>(() => new MovieSource().Add(0, Audio, Samples(0, 1), () => 1)
            .Add(0, Audio, Samples(1L << 33, 1), () => 1)).Message.ShouldContain("gap");
        Should.Throw<InvalidBmffException>(() => new MovieSource().Add(0, Audio, Samples(long.MaxValue - 5000, 1), () => 1));
        Should.Throw<InvalidBmffException>(() => new MovieSource().Add(0, Audio, Samples(0, 1, offset: int.MaxValue), () => 1));
        Should.Throw<InvalidOperationException>(() => new MovieSource(2).Builder.Build(Noon));
        Should.Throw<ArgumentOutOfRangeException>(() => new MovieBuilder(0));
    }
}
