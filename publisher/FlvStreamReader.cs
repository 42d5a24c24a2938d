using System.Runtime.CompilerServices;

namespace Broadcast.Publisher;

/// <summary>Reads FLV tags while they are written, such as from an encoder's standard output (FLV 10.1, annex E).</summary>
public static class FlvStreamReader
{
    /// <summary>Maximum tag size in bytes; the format allows 16 MiB.</summary>
    public const int MaxTagBytes = 8 * 1024 * 1024;

    /// <summary>Reads tags until the stream ends. An incomplete last tag is ignored.</summary>
    /// <exception cref="FormatException">The data is not FLV, or a tag exceeds <see cref="MaxTagBytes"/>.</exception>
    public static async IAsyncEnumerable<FlvTag> ReadAsync(Stream stream,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var header = new byte[9 + FlvFileReader.BackPointerSize];
        if (await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken) < header.Length)
        {
            yield break;
        }

        if (!header.AsSpan().StartsWith("FLV"u8))
        {
            throw new FormatException("Not an FLV stream: it does not start with 'FLV'.");
        }

        var tag = new byte[FlvFileReader.TagHeaderSize];
        while (await stream.ReadAtLeastAsync(tag, tag.Length, throwOnEndOfStream: false, cancellationToken) == tag.Length)
        {
            var (type, size, timestamp) = FlvFileReader.ReadTagHeader(tag);
            if (size > MaxTagBytes)
            {
                throw new FormatException($"An FLV tag of {size} bytes exceeds the limit of {MaxTagBytes}.");
            }

            var body = new byte[size + FlvFileReader.BackPointerSize];
            if (await stream.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken) < body.Length)
            {
                yield break;
            }

            yield return new FlvTag(type, timestamp, body.AsMemory(0, size));
        }
    }
}
