import { expect, test } from '@playwright/test';
import { enterSample, needed, startApp } from './running-app.ts';
import { trayHost, trayOf } from './tray-over-dbus.ts';
