namespace Broadcast.Media;

/// <summary>The one folder that is written to.</summary>
/// <param name="Path">Absolute path; exists.</param>
public sealed record DataFolder(string Path)
{
    /// <summary>A folder inside it, made when missing.</summary>
    public string Sub(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
}

/// <summary>The meter that every room counts on.</summary>
public static class Telemetry
{
    /// <summary>Its name. Instruments are named <c>broadcast_…</c>; labels are stream, rendition, component and reason only: never a key, an address or a viewer.</summary>
    public const string MeterName = "Broadcast";

    /// <summary>The meter.</summary>
    public static System.Diagnostics.Metrics.Meter Meter { get; } = new(MeterName);
}
