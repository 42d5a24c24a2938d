namespace Broadcast.Origin.Viewing;

/// <summary>Set as a feature of a request whose viewer also gets what the audience does not get yet. What it is answered with nobody may keep.</summary>
internal sealed class PreviewRight
{
    private PreviewRight()
    {
    }

    /// <summary>The one there is.</summary>
    public static PreviewRight Instance { get; } = new();
}
