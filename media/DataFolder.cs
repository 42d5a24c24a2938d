namespace Broadcast.Media;

/// <summary>The data folder, the only folder to which the server writes.</summary>
/// <param name="Path">Absolute path of an existing folder.</param>
public sealed record DataFolder(string Path)
{
    /// <summary>Returns a subfolder, creating it when missing.</summary>
    public string Subfolder(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name)).FullName;
}

/// <summary>Metrics of all modules.</summary>
public static class Telemetry
{
    /// <summary>
    /// Name of the meter. Instruments are named <c>broadcast_…</c>. Labels are few and bounded, such as channel, rendition, stage and
    /// reason. A label never contains a key, an address or a viewer.
    /// </summary>
    public const string MeterName = "Broadcast";

    /// <summary>The meter on which all modules create instruments.</summary>
    public static System.Diagnostics.Metrics.Meter Meter { get; } = new(MeterName);
}
