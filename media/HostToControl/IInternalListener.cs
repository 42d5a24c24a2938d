namespace Broadcast.Media.HostToControl;

/// <summary>The listener of this server for other servers, health checks and metrics. Implemented by the host.</summary>
public interface IInternalListener
{
    /// <summary>
    /// Address at which other servers reach it, such as <c>10.0.0.2:8090</c>; <see langword="null"/> before it listens, and while the
    /// address cannot be determined.
    /// </summary>
    string? Address { get; }
}
