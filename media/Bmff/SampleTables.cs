namespace Broadcast.Media.Bmff;

/// <summary>
/// What <c>stbl</c> says of a track's samples (ISO/IEC 14496-12, 8.6 and 8.7), gathered sample by sample in decoding order. A sample lasts until the next is decoded, so that a hole in the
/// media is told as the length of what stands before it, and presentation times stay what they were. Decode times that do not rise are moved until they do; presentation times are not.
/// </summary>
internal sealed class SampleTables
{
    /// <summary>Furthest that a sample may be presented from where it is decoded, in ticks: an hour and a half of a 90 kHz clock.</summary>
    private const long FurthestOffset = 1 << 29;

    /// <summary>Latest decode time, in ticks: far beyond every broadcast, and far enough from the end of 64 bits.</summary>
    private const long LatestTime = 1L << 60;

    private long _time;
    private long _duration;
    private int _chunkSamples;

    /// <summary>A stretch of samples of which the same is said.</summary>
    /// <typeparam name="T">What is said of one.</typeparam>
    /// <param name="Count">How many.</param>
    /// <param name="Value">What is said.</param>
    public readonly record struct Run<T>(uint Count, T Value)
        where T : struct, IEquatable<T>;

    /// <summary>Samples that lie together in the file.</summary>
    /// <param name="Offset">Where, from the first byte of all payloads.</param>
    /// <param name="Samples">How many.</param>
    /// <param name="Description">Which sample entry they need, from 1.</param>
    public readonly record struct Chunk(long Offset, int Samples, int Description);

    /// <summary>How long samples last, but the last, whose length is <see cref="LastDuration"/>.</summary>
    public List<Run<uint>> Durations { get; } = [];

    /// <summary>Presentation time less decode time.</summary>
    public List<Run<int>> Offsets { get; } = [];

    /// <summary>Bytes of samples.</summary>
    public List<int> Sizes { get; } = [];

    /// <summary>Numbers, from 1, of samples at which decoding can begin; <see langword="null"/> while that is all.</summary>
    public List<uint>? Syncs { get; private set; }

    /// <summary>Where samples are.</summary>
    public List<Chunk> Chunks { get; } = [];

    /// <summary>Decode time of the first sample.</summary>
    public long First { get; private set; }

    /// <summary>Earliest presentation time.</summary>
    public long Earliest { get; private set; } = long.MaxValue;

    /// <summary>Where the sample that is presented last ends.</summary>
    public long End { get; private set; } = long.MinValue;

    /// <summary>Length of the last sample.</summary>
    public long LastDuration => _duration;

    /// <summary>Sum of all lengths.</summary>
    public long Duration => _time + _duration - First;

    /// <summary>About how many bytes they are when written.</summary>
    public long Bytes => (4L * Sizes.Count) + (8L * (Durations.Count + Offsets.Count)) + (4L * (Syncs?.Count ?? 0)) + (20L * Chunks.Count);

    /// <summary>Adds a sample to the chunk that is open.</summary>
    /// <param name="decode">Decode time.</param>
    /// <param name="present">Presentation time.</param>
    /// <param name="duration">Length, as far as no other sample follows.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="isSync">Whether decoding can begin here.</param>
    /// <exception cref="InvalidBmffException">Its times are too far from its neighbors' to be told.</exception>
    public void Add(long decode, long present, long duration, int size, bool isSync)
    {
        if (decode is < 0 or > LatestTime)
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
                throw new InvalidBmffException($"There is a hole of {time - _time} ticks, which is longer than a sample can last.");
            }

            Count(Durations, (uint)(time - _time));
            _time = time;
        }

        if (Math.Abs(present - _time) > FurthestOffset)
        {
            throw new InvalidBmffException($"A sample is presented {present - _time} ticks after it is decoded.");
        }

        Count(Offsets, (int)(present - _time));
        Sizes.Add(size);
        Note(isSync);
        _duration = duration;
        (Earliest, End) = (Math.Min(Earliest, present), Math.Max(End, present + duration));
        _chunkSamples++;
    }

    /// <summary>Ends the chunk that is open; an empty one is none.</summary>
    /// <param name="offset">Where it is, from the first byte of all payloads.</param>
    /// <param name="description">Which sample entry it needs, from 1.</param>
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

    /// <summary>Nothing is listed while all are sync samples, as those of sound are.</summary>
    private void Note(bool isSync)
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
