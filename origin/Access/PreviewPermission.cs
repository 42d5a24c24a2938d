namespace Broadcast.Origin.Access;

/// <summary>Feature of a request with preview access to hidden sessions. The response must not be cached.</summary>
internal sealed class PreviewPermission
{
    private PreviewPermission()
    {
    }

    /// <summary>The singleton.</summary>
    public static PreviewPermission Instance { get; } = new();
}
