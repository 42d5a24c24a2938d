using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Tests.Rtmp;

/// <summary>Bodies with a single packet.</summary>
internal static class TagReading
{
    public static TagContent Read(this VideoTags tags, ReadOnlyMemory<byte> body, out AccessUnit unit) => One(tags.Read, body, out unit);

    public static TagContent Read(this AudioTags tags, ReadOnlyMemory<byte> body, out AccessUnit unit) => One(tags.Read, body, out unit);

    private static TagContent One(Func<ReadOnlyMemory<byte>, List<AccessUnit>, int> read, ReadOnlyMemory<byte> body, out AccessUnit unit)
    {
        var units = new List<AccessUnit>();
        var dropped = read(body, units);
        unit = units.Count == 1 ? units[0] : default;
        return units.Count > 0 ? TagContent.Frame : dropped > 0 ? TagContent.Dropped : TagContent.None;
    }
}
