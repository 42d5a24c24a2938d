namespace Broadcast.Media.Bmff;

/// <summary>
/// Sample tables of a track (<c>stbl</c>; ISO/IEC 14496-12, 8.6 and 8.7), collected sample by sample in decoding order. A sample lasts
/// until the next decode time, so a gap extends the sample before it and presentation times do not change. Decode times that do not
/// increase are moved forward; presentation times are not.
/// </summary>
internal sealed class SampleTables
{
    /// <summary>Maximum distance between decode and presentation time, in ticks: 1.5 hours of a 90 kHz clock.</summary>
    private const long MaxOffset = 1 << 29;

    /// <summary>Maximum decode time, in ticks: longer than any session, with a margin to the 64-bit limit.</summary>
    private const long MaxDecodeTime = 1L << 60;

    private long _time;
    private long _duration;
    private int _chunkSamples;

    /// <summary>A run of samples with the same value.</summary>
    /// <typeparam name="T">Type of the value.</typeparam>
    /// <param name="Count">Number of samples.</param>
    /// <param name="Value">The common value.</param>
    public readonly record struct Run<T>(uint Count, T Value)
        where T : struct, IEquatable<T>;

    /// <summary>Samples that are contiguous in the file.</summary>
    /// <param name="Offset">Offset from the first payload byte.</param>
    /// <param name="Samples">Number of samples.</param>
    /// <param name="Description">Index of the sample entry, from 1.</param>
    public readonly record struct Chunk(long Offset, int Samples, int Description);

    /// <summary>Durations of all samples except the last; see <see cref="LastDuration"/>.</summary>
    public List<Run<uint>> Durations { get; } = [];

    /// <summary>Composition offsets: presentation time minus decode time.</summary>
    public List<Run<int>> Offsets { get; } = [];

    /// <summary>Sample sizes in bytes.</summary>
    public List<int> Sizes { get; } = [];

    /// <summary>Numbers of the sync samples, from 1; <see langword="null"/> while all samples are sync samples.</summary>
    public List<uint>? Syncs { get; private set; }

    /// <summary>Chunks of the track.</summary>
    public List<Chunk> Chunks { get; } = [];

    /// <summary>Decode time of the first sample.</summary>
    public long First { get; private set; }

    /// <summary>Earliest presentation time.</summary>
    public long Earliest { get; private set; } = long.MaxValue;

    /// <summary>Latest end of a presented sample.</summary>
    public long End { get; private set; } = long.MinValue;

    /// <summary>Duration of the last sample.</summary>
    public long LastDuration => _duration;

    /// <summary>Total duration.</summary>
    public long Duration => _time + _duration - First;

    /// <summary>Estimated size of the tables, in bytes.</summary>
    public long Bytes => (4L * Sizes.Count) + (8L * (Durations.Count + Offsets.Count)) + (4L * (Syncs?.Count ?? 0)) + (20L * Chunks.Count);

    /// <summary>Adds a sample to the open chunk.</summary>
    /// <param name="decode">Decode time.</param>
    /// <param name="present">Presentation time.</param>
    /// <param name="duration">Duration, used while no other sample follows.</param>
    /// <param name="size">Size in bytes.</param>
    /// <param name="isSync">Whether the sample is a sync sample.</param>
    /// <exception cref="InvalidBmffException">The times are out of range.</exception>
    public void Add(long decode, long present, long duration, int size, bool isSync)
    {
        if (decode is < 0 or > MaxDecodeTime)
        {
            throw new InvalidBmffException($"A sample has a decode time of {decode}.");
        }

        if (Sizes.Count == 0)
        {
            First = _time = decode;
        }
        else
        {
            var time = Math.Max(decode, _time + 1);
            if (time - _time > uint.MaxValue)
            {
                throw new InvalidBmffException($"A gap of {time - _time} ticks exceeds the maximum sample duration.");
            }

            Count(Durations, (uint)(time - _time));
            _time = time;
        }

        if (Math.Abs(present - _time) > MaxOffset)
        {
            throw new InvalidBmffException($"A sample is presented {present - _time} ticks after it is decoded.");
        }

        Count(Offsets, (int)(present - _time));
        Sizes.Add(size);
        RecordSync(isSync);
        _duration = duration;
        (Earliest, End) = (Math.Min(Earliest, present), Math.Max(End, present + duration));
        _chunkSamples++;
    }

    /// <summary>Ends the open chunk; an empty chunk is not added.</summary>
    /// <param name="offset">Offset from the first payload byte.</param>
    /// <param name="description">Index of the sample entry, from 1.</param>
    public void EndChunk(long offset, int description)
    {
        if (_chunkSamples > 0)
        {
            Chunks.Add(new Chunk(offset, _chunkSamples, description));
            _chunkSamples = 0;
        }
    }

    private static void Count<T>(List<Run<T>> runs, T value)
        where T : struct, IEquatable<T>
    {
        if (runs is [.., var last] && last.Value.Equals(value))
        {
            runs[^1] = last with { Count = last.Count + 1 };
        }
        else
        {
            runs.Add(new Run<T>(1, value));
        }
    }

    /// <summary>Builds no list while all samples are sync samples, as in audio tracks.</summary>
    private void RecordSync(bool isSync)
    {
        if (!isSync)
        {
            Syncs ??= [.. Enumerable.Range(1, Sizes.Count - 1).Select(number => (uint)number)];
        }
        else
        {
            Syncs?.Add((uint)Sizes.Count);
        }
    }
}
