//! The appliance: operations served to browsers and consoles
