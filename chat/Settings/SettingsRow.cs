using Broadcast.Media.ControlToChat;

namespace Broadcast.Chat.Settings;

/// <summary>Row of the settings of a channel (<see cref="ChatSettingsStore.ColumnsSql"/>).</summary>
internal sealed record SettingsRow(bool Enabled, int SlowSeconds, bool MembersOnly, bool Frozen, bool HoldAll, bool Reactions,
    bool Questions)
{
    /// <summary>Creates the settings.</summary>
    public ChatSettings ToSettings() =>
        new(Enabled)
        {
            SlowSeconds = SlowSeconds, MembersOnly = MembersOnly, Frozen = Frozen, HoldAll = HoldAll, Reactions = Reactions,
            Questions = Questions,
        };
}
