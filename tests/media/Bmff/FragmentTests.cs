using Broadcast.Media.Bmff;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Bmff;

public sealed class FragmentTests
{
    private static readonly FragmentSample[] Frames =
        [new(3000, 900, true, 6000), new(3000, 100, false, 15_000), new(3001, 90, false, 0), new(3000, 80, false, -3000)];
    private static readonly FragmentSample[] AudioFrames = [.. Enumerable.Repeat(new FragmentSample(1024, 256, true), 24)];

    [Fact]
    public void Chunk_bytes_match_the_specification()
    {
        var header = new FragmentWriter().Write(new FragmentHeader(9, 0x1_0000_0002), [new(3000, 5, true, 0), new(3000, 6, false, -1)]);
        Convert.ToHexString(header).ShouldBe(
            "00000074" + "6D6F6F66"
            + "00000010" + "6D666864" + "00000000" + "00000009"
            + "0000005C" + "74726166"
            + "00000018" + "74666864" + "00020028" + "00000001" + "00000BB8" + "01010000" // default duration, flags of all but the first
            + "00000014" + "74666474" + "01000000" + "0000000100000002"
            + "00000028" + "7472756E" + "01000A05" + "00000002" + "0000007C"
            + "02000000" // data after moof and mdat's header, first is sync
            + "00000005" + "00000000" + "00000006" + "FFFFFFFF"
            + "00000013" + "6D646174");
    }

    [Fact]
    public void Identical_samples_are_described_once_by_defaults()
    {
        var header = new FragmentWriter().Write(new FragmentHeader(1, 0), AudioFrames);
        BoxTree.Describe([.. header, .. new byte[24 * 256]])
            .ShouldBe("moof 100\n  mfhd 16\n  traf 76\n    tfhd 28\n    tfdt 20\n    trun 20\nmdat 6152\n");
        Read(header, AudioFrames).Samples.ShouldBe(AudioFrames);
    }

    [Fact]
    public void Flags_are_written_per_sample_when_they_alternate()
    {
        FragmentSample[] samples = [new(1, 1, false), new(1, 2, true), new(1, 3, false), new(1, 4, true)];
        Read(new FragmentWriter().Write(new FragmentHeader(1, 0), samples), samples).Samples.ShouldBe(samples);
    }

    [Theory]
    [InlineData(SegmentTypeBox.None)]
    [InlineData(SegmentTypeBox.Segment)]
    [InlineData(SegmentTypeBox.Chunk)]
    public void Chunk_header_round_trips(SegmentTypeBox type)
    {
        var clock = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero).AddTicks(1_234_567);
        var writer = new FragmentWriter(trackId: 5);
        var header = writer.Write(new FragmentHeader(uint.MaxValue, long.MaxValue, type, new ProducerReferenceTime(77, clock)), Frames);
        var read = Read(header, Frames);
        read.SegmentType.ShouldBe(type);
        read.SequenceNumber.ShouldBe(uint.MaxValue);
        read.TrackId.ShouldBe(5u);
        read.BaseDecodeTime.ShouldBe(long.MaxValue);
        read.Reference.ShouldBe(new ProducerReferenceTime(77, clock));
        read.Samples.ShouldBe(Frames);
        read.Duration.ShouldBe(12_001);
        read.DataOffset.ShouldBe(header.Length);
    }

    [Fact]
    public void Any_samples_round_trip()
    {
        var writer = new FragmentWriter();
        for (var seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            var (durations, sizes, sync, offsets) = (random.Next(1, 3), random.Next(1, 3), random.Next(1, 4), random.Next(1, 3));
            var samples = new FragmentSample[random.Next(1, 40)];
            for (var i = 0; i < samples.Length; i++)
            {
                samples[i] = new FragmentSample(
                    durations == 1 ? 3000 : (uint)random.Next(), sizes == 1 ? 50 : random.Next(100),
                    sync == 1 || (sync == 2 ? i == 0 : random.Next(2) == 0), offsets == 1 ? 0 : random.Next(int.MinValue, int.MaxValue));
            }

            Read(writer.Write(new FragmentHeader(1, random.NextInt64()), samples), samples).Samples.ShouldBe(samples, $"seed {seed}");
        }
    }

    [Fact]
    public void Values_that_cannot_be_encoded_are_rejected()
    {
        var writer = new FragmentWriter();
        Should.Throw<ArgumentException>(() => writer.Write(new FragmentHeader(1, 0), []));
        Should.Throw<ArgumentOutOfRangeException>(() => writer.Write(new FragmentHeader(1, -1), AudioFrames));
        Should.Throw<ArgumentOutOfRangeException>(() => writer.Write(new FragmentHeader(1, 0), [new(1, -1, true)]));
        Should.Throw<ArgumentException>(() => writer.Write(new FragmentHeader(1, 0),
            [new(1, int.MaxValue, true), new(1, int.MaxValue, true)]));
        Read(writer.Write(new FragmentHeader(1, 0), AudioFrames), AudioFrames).Samples.Count.ShouldBe(24);
    }

    [Fact]
    public void Writing_a_chunk_header_allocates_one_array_of_its_size()
    {
        var writer = new FragmentWriter();
        var header = new FragmentHeader(1, 0, SegmentTypeBox.Segment, new ProducerReferenceTime(0, DateTimeOffset.UnixEpoch));
        var length = writer.Write(header, Frames).Length;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            writer.Write(header, Frames);
        }

        // An array has 24 bytes of overhead and is rounded up to 8.
        ((GC.GetAllocatedBytesForCurrentThread() - before) / 1000).ShouldBeInRange(length, length + 32);
    }

    [Fact]
    public void Segment_truncated_anywhere_yields_its_complete_chunks()
    {
        var writer = new FragmentWriter();
        var (segment, ends) = (new List<byte>(), new List<int> { 0 });
        for (uint i = 0; i < 3; i++)
        {
            segment.AddRange(writer.Write(new FragmentHeader(i, i * 12_001, i == 0 ? SegmentTypeBox.Segment : SegmentTypeBox.None),
                Frames));
            segment.AddRange(new byte[Frames.Sum(sample => sample.Size)]);
            ends.Add(segment.Count);
        }

        var bytes = segment.ToArray();
        for (var length = 0; length <= bytes.Length; length++)
        {
            var read = FragmentReader.ReadAll(bytes.AsSpan(0, length), out var consumed);
            consumed.ShouldBe(ends.Last(end => end <= length));
            read.Count.ShouldBe(ends.IndexOf(consumed));
            read.Select(fragment => fragment.Offset).ShouldBe(ends.Take(read.Count));
        }
    }

    [Theory]
    [InlineData("more samples than there are fields", 0x58, 0x7FFFFFFF)]
    [InlineData("no samples", 0x58, 0)]
    [InlineData("data before mdat", 0x5C, 0)]
    [InlineData("data behind mdat", 0x5C, 0x7FFFFFFF)]
    [InlineData("data before the file", 0x5C, unchecked((int)0x80000000))]
    [InlineData("sizes over the mdat's", 0x64, 0x7FFFFFFF)]
    [InlineData("other base of data", 0x28, 0x28)]
    [InlineData("decode time over 63 bits", 0x44, unchecked((int)0x80000000))]
    public void Malformed_chunk_is_rejected(string what, int position, int value)
    {
        var chunk = new FragmentWriter().Write(new FragmentHeader(9, 0), [new(3000, 5, true, 0), new(3000, 6, false, -1)])
            .Concat(new byte[11]).ToArray();
        FragmentReader.TryRead(chunk, 0, out _).ShouldBeTrue();
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(chunk.AsSpan(position), value);
        Should.Throw<InvalidBmffException>(() => FragmentReader.TryRead(chunk, 0, out _), what);
    }

    [Fact]
    public void Zero_default_size_does_not_allow_millions_of_samples()
    {
        FragmentSample[] samples = [new(1, 0, true), new(1, 0, true)];
        var chunk = new FragmentWriter().Write(new FragmentHeader(1, 0), samples);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 8 - 8), uint.MaxValue);
        Should.Throw<InvalidBmffException>(() => FragmentReader.TryRead(chunk, 0, out _)).Message.ShouldContain("4294967295");
    }

    [Fact]
    public void Mutated_segments_yield_chunks_or_a_rejection()
    {
        var writer = new FragmentWriter();
        byte[][] seeds =
        [
            [.. writer.Write(new FragmentHeader(1, 0, SegmentTypeBox.Segment, new ProducerReferenceTime(0, DateTimeOffset.UnixEpoch)),
                Frames), .. new byte[1170]],
            [.. writer.Write(new FragmentHeader(1, 0), AudioFrames), .. new byte[24 * 256]],
            [.. writer.Write(new FragmentHeader(1, 0), [new(1, 4, true)]), .. new byte[4]],
        ];
        var (read, refused) = (0, 0);
        for (var seed = 0; seed < 20_000; seed++)
        {
            var bytes = Mutation.Of(seeds, new Random(seed));
            try
            {
                foreach (var fragment in FragmentReader.ReadAll(bytes, out _))
                {
                    (fragment.DataOffset + fragment.Samples.Sum(sample => (long)sample.Size)).ShouldBeLessThanOrEqualTo(fragment.Offset
                        + fragment.Length);
                    read++;
                }
            }
            catch (InvalidBmffException)
            {
                refused++;
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"Seed {seed}: {Convert.ToHexString(bytes)}", error);
            }
        }

        read.ShouldBeGreaterThan(1000);
        refused.ShouldBeGreaterThan(1000);
    }

    private static Fragment Read(byte[] header, IEnumerable<FragmentSample> samples)
    {
        byte[] chunk = [.. header, .. new byte[samples.Sum(sample => sample.Size)]];
        FragmentReader.TryRead(chunk, 0, out var fragment).ShouldBeTrue();
        fragment!.Length.ShouldBe(chunk.Length);
        return fragment;
    }
}
